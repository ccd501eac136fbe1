"""Keeps the admin closed to sessions without the second factor that they owe."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import User
from accounts.two_factor import demanded, is_verified

_OPEN = ("/admin/login/", "/admin/logout/", "/admin/two-factor", "/admin/jsi18n/")


class SecondFactorMiddleware:
    """Sends staff from the admin's pages to the page that asks for their code."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _owes_a_code(request):
            page = f"{reverse('two-factor')}?{urlencode({'next': request.get_full_path()})}"
            return HttpResponseRedirect(page)
        return self.get_response(request)


def _owes_a_code(request: HttpRequest) -> bool:
    if not request.path.startswith("/admin/") or request.path.startswith(_OPEN):
        return False
    user = request.user
    return isinstance(user, User) and user.is_staff and not is_verified(request) and demanded(user)
