"""The page behind the one-time link, and the command that prints it."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import OwnerLink, User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
FORM = {"email": "owner@example.com", "password": "Correct-Horse-1", "name": "Ada"}


@pytest.fixture
def address() -> str:
    return f"/setup/{services.owner_link_create()}"


def test_the_command_prints_a_link_that_opens_the_page() -> None:
    out = io.StringIO()
    call_command("owner_link", stdout=out)
    url = out.getvalue().strip()
    prefix = "http://127.0.0.1:3001"
    assert url.startswith(f"{prefix}/setup/")
    assert Client().get(url.removeprefix(prefix)).status_code == 200
    assert len(url.rsplit("/", 1)[1]) == 43  # 256 random bits


def test_only_a_hash_of_the_token_is_kept(address: str) -> None:
    link = OwnerLink.objects.get()
    assert link.token_hash != address.rsplit("/", 1)[1]
    assert len(link.token_hash) == 64


def test_the_form_is_posted_with_a_token_of_the_page(address: str) -> None:
    """Otherwise any site could make its visitor the owner of a shop whose link it knows."""
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(address, FORM).status_code == 403
    assert User.objects.count() == 0

    page = browser.get(address)
    assert "csrfmiddlewaretoken" in page.content.decode()
    token = page.cookies["csrftoken"].value
    assert browser.post(address, FORM | {"csrfmiddlewaretoken": token}).status_code == 302
    assert User.objects.get().role == User.Role.OWNER


def test_the_page_names_each_mistake_and_keeps_what_was_typed(address: str) -> None:
    typed = {"email": "nonsense", "password": "short", "name": '<script>alert("x")</script>'}
    page = Client().post(address, typed)
    text = page.content.decode()
    assert page.status_code == 400
    assert "Must be a valid email address" in text
    assert "Password must be between 8 and 128 characters" in text
    assert "<script>alert" not in text and "&lt;script&gt;" in text
    assert 'value="nonsense"' in text
    assert 'value="short"' not in text  # the password does not come back
    assert User.objects.count() == 0


def test_a_known_address_does_not_use_the_link_up(address: str) -> None:
    UserFactory(email=FORM["email"])
    page = Client().post(address, FORM)
    assert page.status_code == 400
    assert "User already exists" in page.content.decode()
    assert 'value="owner@example.com"' in page.content.decode()
    assert OwnerLink.objects.get().used_at is None
    assert Client().post(address, FORM | {"email": "other@example.com"}).status_code == 302
    assert User.objects.get(email=FORM["email"]).role == User.Role.CUSTOMER


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_expired_link_says_so_before_anybody_fills_in_a_form(method: str) -> None:
    token = services.owner_link_create(now=timezone.now() - timedelta(hours=24, seconds=1))
    page = getattr(Client(), method)(f"/setup/{token}", FORM)
    assert page.status_code == 404
    assert "<form" not in page.content.decode()
    assert User.objects.count() == 0


@pytest.mark.parametrize("token", ["wrong", "../admin", "%00", "x" * 3000])
def test_a_wrong_link_opens_nothing(address: str, token: str) -> None:
    page = Client().post(f"/setup/{token}", FORM)
    assert page.status_code == 404
    assert (User.objects.count(), OwnerLink.objects.get().used_at) == (0, None)


def test_the_address_leaks_to_no_other_site(address: str) -> None:
    page = Client().get(address)
    assert page["Referrer-Policy"] == "same-origin"
    assert page["X-Frame-Options"] == "DENY"
    assert "http://" not in page.content.decode() and "https://" not in page.content.decode()
