from django.urls import path

from orders.checkout.views import CartQuoteView, OrderCreateView, TaxView
from orders.payments.views import CheckoutSessionView, PaymentCaptureView, StripeWebhookView
from orders.production.staff_views import (
    GangSheetFileView,
    GangSheetListView,
    GangSheetView,
    OrderReleaseView,
    PackActionView,
    ReprintView,
    WorklistView,
)
from orders.production.views import PackDownloadView, PackSchemaView, ProductionUpdateView
from orders.staff.views import (
    StaffLineStatusView,
    StaffOrderDetailView,
    StaffOrderListView,
    StaffOrderStatusView,
)
from orders.views import OrderCancelView, OrderTrackView

urlpatterns = [
    path("orders/calculate-tax", TaxView.as_view()),
    path("orders/create", OrderCreateView.as_view()),
    path("orders/quote", CartQuoteView.as_view()),
    path("orders/<str:order_id>/capture-payment", PaymentCaptureView.as_view()),
    path("orders/<str:order_id>/checkout-session", CheckoutSessionView.as_view()),
    path("orders/<str:reference>/cancel", OrderCancelView.as_view()),
    path("orders/<str:reference>", OrderTrackView.as_view()),
    path("webhooks/stripe", StripeWebhookView.as_view()),
    path("webhooks/production-update", ProductionUpdateView.as_view()),
    path("production/packs/<str:token>", PackDownloadView.as_view(), name="pack-download"),
    path("production/spec-schema", PackSchemaView.as_view()),
    path("admin/production/worklist", WorklistView.as_view()),
    path("admin/production/gang-sheets", GangSheetListView.as_view()),
    path("admin/production/gang-sheets/<uuid:gang_id>", GangSheetView.as_view()),
    path("admin/production/gang-sheets/<uuid:gang_id>/file", GangSheetFileView.as_view()),
    path("admin/production/packs/<uuid:pack_id>", PackActionView.as_view()),
    path("admin/production/reprints", ReprintView.as_view()),
    path("admin/production/orders/<uuid:order_id>/release", OrderReleaseView.as_view()),
    path("admin/orders", StaffOrderListView.as_view()),
    path("admin/orders/<str:order_id>", StaffOrderDetailView.as_view()),
    path("admin/orders/<str:order_id>/status", StaffOrderStatusView.as_view()),
    path("admin/orders/<str:order_id>/lines/<str:number>/status", StaffLineStatusView.as_view()),
]
