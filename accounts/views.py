"""Register, login, identity sync, me, log-out, and the page behind the one-time owner link."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views import View
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.models import OwnerLink
from accounts.permissions import Anyone, SignedIn, signed_in_user
from accounts.serializers import LoginSerializer, OAuthSyncSerializer, RegisterSerializer, UserSerializer
from accounts.supabase import ProofInvalid, verify_access_token
from accounts.tokens import issue_token
from common.api import envelope, success
from common.errors import DomainError

_SESSION = envelope("Session", token=serializers.CharField(), user=UserSerializer)


class UserRegisterView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        request=RegisterSerializer, responses={201: envelope("UserRegistered", user=UserSerializer)}
    )
    def post(self, request: Request) -> Response:
        body = RegisterSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = services.user_register(**body.validated_data)
        return success({"user": UserSerializer(user).data}, 201)


class UserLoginView(APIView):
    permission_classes = [Anyone]

    @extend_schema(request=LoginSerializer, responses=_SESSION)
    def post(self, request: Request) -> Response:
        body = LoginSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = services.user_check_credentials(**body.validated_data)
        if user is None:
            raise AuthenticationFailed("Invalid credentials")
        return success({"token": issue_token(user.pk, user.token_version), "user": UserSerializer(user).data})


class UserSyncView(APIView):
    """The Google and Apple buttons. Without a verified Supabase token this is an account takeover, so: 403."""

    permission_classes = [Anyone]

    @extend_schema(request=OAuthSyncSerializer, responses=_SESSION)
    def post(self, request: Request) -> Response:
        body = OAuthSyncSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        proof = body.validated_data.get("access_token") or request.headers.get("Authorization", "")[7:]
        refusal = DomainError("Sign-in could not be verified.", code="identity_unproven", status=403)
        try:
            identity = verify_access_token(proof)
        except ProofInvalid as error:
            raise refusal from error
        if (identity.email.lower(), identity.supabase_id) != (
            body.validated_data["email"],
            body.validated_data["supabaseId"],
        ):
            raise refusal
        user = services.user_sync_identity(identity, name=body.validated_data["name"])
        return success({"token": issue_token(user.pk, user.token_version), "user": UserSerializer(user).data})


class UserMeView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(responses=envelope("UserMe", user=UserSerializer))
    def get(self, request: Request) -> Response:
        return success({"user": UserSerializer(signed_in_user(request)).data})


class UserLogoutView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(request=None, responses=envelope("UserLogout", message=serializers.CharField()))
    def post(self, request: Request) -> Response:
        services.user_revoke_tokens(signed_in_user(request))
        return success({"message": "Logged out"})


class OwnerSetupView(View):
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
            messages = [str(text) for texts in error.detail.values() for text in texts]  # type: ignore[union-attr]
            return render(
                request,
                self.template,
                {"usable": True, "errors": messages, "given": request.POST},
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
