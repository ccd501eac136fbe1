"""Accounts for staff: who works here in which role. Owners alone change them; a change ends sessions and is logged."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget

from accounts.models import User
from accounts.services import password_request_reset
from common.admin import LongList

_LOGGED = ("email", "name", "role", "is_active")


class UserForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["email", "name", "role", "is_active"]
        widgets = {"email": UnfoldAdminEmailInputWidget()}

    def clean_email(self) -> str:
        return User.objects.fold_email(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        """The shop keeps an owner: nobody else could make one again."""
        data: dict[str, Any] = super().clean() or {}
        stays = data.get("role") == User.Role.OWNER and data.get("is_active")
        others = User.objects.filter(role=User.Role.OWNER, is_active=True).exclude(pk=self.instance.pk)
        if (
            not self.instance._state.adding
            and not stays
            and _is_owner(self.instance.pk)
            and not others.exists()
        ):
            raise forms.ValidationError("This is the only owner. Make another one first.")
        return data


def _is_owner(pk: Any) -> bool:
    return User.objects.filter(pk=pk, role=User.Role.OWNER, is_active=True).exists()


@admin.register(User)
class UserAdmin(LongList):
    form = UserForm
    list_display = ["email", "name", "shown_role", "is_active", "email_confirmed_at", "created_at"]
    list_filter = ["role", "is_active"]
    search_fields = ["email"]
    search_help_text = "E-mail from the beginning, or a part of the name"
    actions = ["end_sessions", "reset_second_factor"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = queryset.filter(email__startswith=term.lower())
        return (found, False) if found.exists() else (queryset.filter(name__icontains=term), False)

    @display(
        description="Role",
        ordering="role",
        label={
            "owner": "danger",
            "operations": "warning",
            "art": "info",
            "support": "info",
            "printer": "info",
        },
    )
    def shown_role(self, user: User) -> str:
        return user.role

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False  # orders refer to people; an account is closed, not removed

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """A new member of staff chooses a password by the letter; a change ends what was open before."""
        before = {name: form.initial.get(name) for name in _LOGGED} if change else {}
        if not change:
            obj.set_unusable_password()
        elif form.changed_data:
            obj.token_version += 1
            if "email" in form.changed_data:
                obj.email_confirmed_at = None
        super().save_model(request, obj, form, change)
        _log(obj, before, change)
        if not change:
            password_request_reset(obj.email)
            messages.info(request, f"{obj.email} gets a letter with a link to choose a password.")

    @admin.action(description="End all sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            user.token_version += 1
            user.save(update_fields=["token_version", "updated_at"])
            _log(user, {}, True, {"sessions": ["open", "ended"]})
        messages.success(request, "Their tokens open nothing any more.")

    @admin.action(description="Take the second factor off, so that it is set up anew", permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            TOTPDevice.objects.filter(user=user).delete()
            StaticDevice.objects.filter(user=user).delete()
            _log(user, {}, True, {"second factor": ["on", "off"]})
        messages.success(request, "At their next log-in they set it up anew.")


def _log(user: User, before: dict[str, Any], change: bool, more: dict[str, Any] | None = None) -> None:
    """Here and not by a signal: what people do to their own accounts leaves no copy of their names in the log."""
    after = {name: getattr(user, name) for name in _LOGGED} if before or not change else {}
    changes = {
        name: [str(before.get(name, "")), str(value)]
        for name, value in after.items()
        if str(before.get(name, "")) != str(value)
    }
    changes |= more or {}
    if changes:
        action = LogEntry.Action.UPDATE if change else LogEntry.Action.CREATE
        LogEntry.objects.log_create(user, action=action, changes=changes, object_repr=str(user.pk))


admin.site.unregister(Group)
