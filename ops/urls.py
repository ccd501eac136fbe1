from django.urls import path

from ops.views import CostsView

urlpatterns = [path("admin/costs", CostsView.as_view())]
