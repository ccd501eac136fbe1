from django.urls import path

from pricing.views import QuoteView

urlpatterns = [path("price/quote", QuoteView.as_view())]
