"""The account endpoints: register, log in and out, identity sync, passwords, confirmation."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.models import User
from accounts.permissions import Anyone, SignedIn, signed_in_user
from accounts.serializers import (
    ChangePasswordSerializer,
    ConfirmEmailSerializer,
    EmailSerializer,
    LoginSerializer,
    OAuthSyncSerializer,
    RegisterSerializer,
    ResetPasswordSerializer,
    UserSerializer,
)
from accounts.supabase import ProofInvalid, verify_access_token
from accounts.tokens import issue_token
from common.api import envelope, success
from common.errors import DomainError

_SESSION = envelope("Session", token=serializers.CharField(), user=UserSerializer)
# The same words for known and unknown addresses: nobody learns who has an account.
RESET_SENT = "If this address has an account, a letter with a link is on its way."


def _session(user: User) -> Response:
    return success({"token": issue_token(user.pk, user.token_version), "user": UserSerializer(user).data})


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
        return _session(user)


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
        return _session(user)


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


class PasswordForgotView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        request=EmailSerializer, responses=envelope("PasswordForgot", message=serializers.CharField())
    )
    def post(self, request: Request) -> Response:
        body = EmailSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.password_request_reset(body.validated_data["email"])
        return success({"message": RESET_SENT})


class PasswordResetView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        request=ResetPasswordSerializer, responses=envelope("PasswordReset", message=serializers.CharField())
    )
    def post(self, request: Request) -> Response:
        body = ResetPasswordSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        services.password_reset(data["uid"], data["token"], data["password"])
        return success({"message": "The new password is set. Please log in."})


class PasswordChangeView(APIView):
    """Ends every session, this one too, and starts a new one."""

    permission_classes = [SignedIn]

    @extend_schema(request=ChangePasswordSerializer, responses=_SESSION)
    def post(self, request: Request) -> Response:
        body = ChangePasswordSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        return _session(
            services.password_change(
                signed_in_user(request), current=data["current_password"], password=data["password"]
            )
        )


class EmailConfirmView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        request=ConfirmEmailSerializer, responses=envelope("EmailConfirmed", message=serializers.CharField())
    )
    def post(self, request: Request) -> Response:
        body = ConfirmEmailSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.user_confirm_email(body.validated_data["uid"], body.validated_data["token"])
        return success({"message": "Your address is confirmed."})


class EmailConfirmationRequestView(APIView):
    """Sends the letter again."""

    permission_classes = [SignedIn]

    @extend_schema(request=None, responses=envelope("ConfirmationSent", message=serializers.CharField()))
    def post(self, request: Request) -> Response:
        services.user_request_confirmation(signed_in_user(request))
        return success({"message": "The letter is on its way."})
