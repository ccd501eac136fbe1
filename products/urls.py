from django.urls import path

from products import views

urlpatterns = [
    path("products", views.ProductListView.as_view()),
    path("products/<str:slug>", views.ProductDetailView.as_view()),
    path("admin/products", views.AdminProductListView.as_view()),
    path("admin/products/<uuid:product_id>", views.AdminProductDetailView.as_view()),
]
