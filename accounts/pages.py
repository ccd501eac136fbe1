"""Pages: the owner's first form, forgotten passwords, confirmed addresses, the staff's second factor.

The storefront has no pages of its own for these, so the links of letters end here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View
from rest_framework import serializers

from accounts import links, services, two_factor
from accounts.models import OwnerLink, User
from accounts.serializers import EmailSerializer, RegisterSerializer, ResetPasswordSerializer
from common.errors import DomainError


def _texts(error: serializers.ValidationError) -> list[str]:
    return [str(text) for texts in error.detail.values() for text in texts]  # type: ignore[union-attr]


class OwnerSetupPage(View):
    """`/setup/<token>`: one form that makes the first owner and opens the admin."""

    template = "accounts/owner_setup.html"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        known = OwnerLink.usable(token, timezone.now()).exists()
        return render(request, self.template, {"usable": known}, status=200 if known else 404)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        body = RegisterSerializer(data=request.POST)
        try:
            body.is_valid(raise_exception=True)
            user = services.owner_link_redeem(token, **body.validated_data)
        except serializers.ValidationError as error:
            return render(
                request,
                self.template,
                {"usable": True, "errors": _texts(error), "given": request.POST},
                status=400,
            )
        except DomainError as error:
            usable = error.code != "owner_link_invalid"
            return render(
                request,
                self.template,
                {"usable": usable, "errors": [error.message], "given": request.POST},
                status=error.status,
            )
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("admin:index")


class PasswordForgotPage(View):
    template = "accounts/forgot_password.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, self.template)

    def post(self, request: HttpRequest) -> HttpResponse:
        body = EmailSerializer(data=request.POST)
        if not body.is_valid():
            context = {"errors": ["Must be a valid email address"], "given": request.POST}
            return render(request, self.template, context, status=400)
        services.password_request_reset(body.validated_data["email"])
        return render(request, self.template, {"sent": True})


class PasswordResetPage(View):
    template = "accounts/reset_password.html"

    def get(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        usable = links.user_of(uid, token, links.RESET) is not None
        return render(request, self.template, {"usable": usable}, status=200 if usable else 404)

    def post(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        body = ResetPasswordSerializer(
            data={"uid": uid, "token": token, "password": request.POST.get("password", "")}
        )
        try:
            body.is_valid(raise_exception=True)
            services.password_reset(uid, token, body.validated_data["password"])
        except serializers.ValidationError as error:
            return render(request, self.template, {"usable": True, "errors": _texts(error)}, status=400)
        except DomainError as error:
            return render(request, self.template, {"usable": False}, status=error.status)
        return render(request, self.template, {"done": True, "login_url": f"{settings.FRONTEND_URL}/login"})


class EmailConfirmPage(View):
    """A button, since programs that scan mail open every link."""

    template = "accounts/confirm_email.html"

    def get(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        usable = links.user_of(uid, token, links.CONFIRM) is not None
        return render(request, self.template, {"usable": usable}, status=200 if usable else 404)

    def post(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        try:
            services.user_confirm_email(uid, token)
        except DomainError as error:
            return render(request, self.template, {"usable": False}, status=error.status)
        return render(request, self.template, {"done": True, "shop_url": settings.FRONTEND_URL})


class TwoFactorPage(View):
    """`/admin/two-factor`: sets the second factor up, or asks for a code of it."""

    template = "accounts/two_factor.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not (isinstance(request.user, User) and request.user.is_staff):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        user, code = cast(User, request.user), request.POST.get("code", "")
        try:
            if two_factor.has_second_factor(user):
                two_factor.verify(request, user, code)
                return redirect(self._next(request))
            codes = two_factor.enrolment_confirm(request, user, code)
        except DomainError as error:
            return self._page(request, errors=[error.message], status=error.status)
        return render(request, self.template, {"codes": codes, "next": self._next(request)})

    def _page(self, request: HttpRequest, *, errors: Sequence[str] = (), status: int = 200) -> HttpResponse:
        user = cast(User, request.user)
        enrolled = two_factor.has_second_factor(user)
        context = {
            "errors": errors,
            "next": self._next(request),
            "enrolled": enrolled,
            "enrolment": None if enrolled else two_factor.enrolment_begin(user),
        }
        response = render(request, self.template, context, status=status)
        response["Cache-Control"] = "no-store"  # the secret is on the page
        return response

    def _next(self, request: HttpRequest) -> str:
        """Where the user wanted to go, if that is a page of ours."""
        wanted = request.POST.get("next") or request.GET.get("next") or ""
        fits = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/admin/")
        return wanted if fits else reverse("admin:index")
