from django.urls import path

from pricing import views

urlpatterns = [
    path("price/quote", views.QuoteView.as_view()),
    path("price/quote/<str:quote_id>", views.QuoteDetailView.as_view()),
    path("price/compare", views.CompareView.as_view()),
    path("price/discount", views.DiscountView.as_view()),
    path("price/gift-card", views.GiftCardView.as_view()),
]
