"""Every address of the shop."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from accounts.pages import (
    EmailConfirmPage,
    OwnerSetupPage,
    PasswordForgotPage,
    PasswordResetPage,
    TwoFactorPage,
)
from common.errors import problem_json
from orders.payments.views import TestGatewayCheckoutView, TestGatewayConfirmView
from orders.production.views import PrinterPageView, TestPrinterView
from stolentee import health, metrics
from uploads.views import public_file

admin.site.site_header = admin.site.site_title = "Stolen Tee"
admin.site.index_title = "Today"
admin.site.index_template = "ops/admin/dashboard.html"


def route_not_found(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    return problem_json(404, f"Route {request.get_full_path()} not found", code="route_not_found")


def root(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/api/docs")


urlpatterns = [
    path("", root),
    path("metrics", metrics.metrics),
    path("health", health.health),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/detailed", health.detailed),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema")),
    path("api/", include("accounts.urls")),
    path("api/", include("products.urls")),
    path("api/", include("pricing.urls")),
    path("api/", include("uploads.urls")),
    path("api/", include("designs.urls")),
    path("api/", include("orders.urls")),
    path("api/", include("ops.urls")),
    path("uploads/<str:name>", public_file),
    path("setup/<str:token>", OwnerSetupPage.as_view(), name="owner-setup"),
    path("printer/<str:token>", PrinterPageView.as_view(), name="printer-page"),
    path("account/forgot-password", PasswordForgotPage.as_view(), name="forgot-password"),
    path("account/reset-password/<str:uid>/<str:token>", PasswordResetPage.as_view()),
    path("account/confirm-email/<str:uid>/<str:token>", EmailConfirmPage.as_view()),
    path("admin/two-factor", TwoFactorPage.as_view(), name="two-factor"),
    path("admin/", admin.site.urls),
]
if settings.PAYMENT_GATEWAY.endswith("TestGateway") and not settings.PRODUCTION:
    urlpatterns += [
        path("test-gateway/payment_intents/<str:intent_id>/confirm", TestGatewayConfirmView.as_view()),
        path("test-gateway/checkout/<str:session_id>", TestGatewayCheckoutView.as_view()),
        path("test-printer/orders/<str:number>", TestPrinterView.as_view()),
    ]
urlpatterns += [re_path(r"^(?!admin(/|$)).*$", route_not_found)]
