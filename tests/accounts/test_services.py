"""Accounts: nobody is merged, nobody takes over, one link makes one owner."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import OwnerLink, User
from accounts.supabase import SupabaseIdentity
from accounts.tokens import TokenInvalid, issue_token, read_token
from common.errors import DomainError
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
FORM = {"email": "owner@example.com", "password": "Correct-Horse-1", "name": "José O'Brien"}


def test_addresses_differ_by_dots_and_tags_but_not_by_case() -> None:
    for address in ("a.b@gmail.com", "ab@gmail.com", "ab+x@gmail.com"):
        services.user_register(email=address, password="Correct-Horse-1", name="A")
    with pytest.raises(DomainError) as refusal:
        services.user_register(email="A.B@Gmail.com", password="Correct-Horse-1", name="A")
    assert (refusal.value.status, refusal.value.message) == (400, "User already exists")
    assert User.objects.count() == 3


def test_an_unknown_address_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    monkeypatch.setattr(
        services, "check_password", lambda password, encoded: checked.append(encoded) or False
    )
    assert services.user_check_credentials(email="nobody@example.com", password="x") is None
    assert len(checked) == 1 and checked[0].startswith("argon2")


def test_closed_accounts_cannot_log_in() -> None:
    user = services.user_register(email="a@example.com", password="Correct-Horse-1", name="A")
    assert services.user_check_credentials(email="A@example.com", password="Correct-Horse-1") == user
    User.objects.update(is_active=False)
    assert services.user_check_credentials(email="a@example.com", password="Correct-Horse-1") is None


def _me(token: str) -> int:
    return Client().get("/api/auth/me", headers={"authorization": f"Bearer {token}"}).status_code


def test_a_token_dies_with_its_version_its_user_and_its_time(settings: Any) -> None:
    user = services.user_register(email="a@example.com", password="Correct-Horse-1", name="A")
    token = issue_token(user.pk, user.token_version)
    assert _me(token) == 200
    services.user_revoke_tokens(user)
    assert _me(token) == 401
    old = issue_token(user.pk, 2, now=timezone.now() - settings.AUTH_TOKEN_LIFETIME - timedelta(seconds=1))
    assert _me(old) == 401
    with pytest.raises(TokenInvalid):
        read_token(issue_token(user.pk, 2)[:-2] + "xx")


def test_the_role_is_read_from_the_database_at_every_request() -> None:
    owner = User.objects.create_user("o@example.com", None, name="O", role=User.Role.OWNER)
    headers = {"authorization": f"Bearer {issue_token(owner.pk, owner.token_version)}"}
    assert Client().get("/api/admin/orders", headers=headers).status_code == 200
    User.objects.update(role=User.Role.CUSTOMER)
    assert Client().get("/api/admin/orders", headers=headers).status_code == 403


def test_the_owner_link_works_once_and_opens_the_admin() -> None:
    token = services.owner_link_create()
    client = Client()
    assert b"Welcome to your shop" in client.get(f"/setup/{token}").content
    answer = client.post(f"/setup/{token}", FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200
    owner = User.objects.get()
    assert (owner.role, owner.email) == ("owner", "owner@example.com")
    assert Client().get(f"/setup/{token}").status_code == 404
    assert Client().post(f"/setup/{token}", FORM | {"email": "second@example.com"}).status_code == 404
    assert User.objects.count() == 1
    assert token not in str(OwnerLink.objects.values())


@pytest.mark.parametrize("field", ["email", "password", "name"])
def test_a_mistake_in_the_form_does_not_use_the_link_up(field: str) -> None:
    token = services.owner_link_create()
    answer = Client().post(f"/setup/{token}", FORM | {field: ""})
    assert answer.status_code == 400 and b'class="error"' in answer.content
    assert Client().post(f"/setup/{token}", FORM).status_code == 302


def test_an_expired_link_makes_nobody() -> None:
    token = services.owner_link_create(now=timezone.now() - timedelta(hours=25))
    assert Client().post(f"/setup/{token}", FORM).status_code == 404
    assert User.objects.count() == 0


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_two_people_with_one_link_make_one_owner() -> None:
    token, barrier, outcomes = services.owner_link_create(), threading.Barrier(2), []

    def redeem(email: str) -> None:
        barrier.wait()
        try:
            services.owner_link_redeem(token, email=email, password="Correct-Horse-1", name="A")
            outcomes.append("made")
        except DomainError as error:
            outcomes.append(error.code)
        connection.close()

    threads = [threading.Thread(target=redeem, args=(f"{name}@example.com",)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "owner_link_invalid"]
    assert User.objects.count() == 1


def _race(count: int, act: Any) -> None:
    """Runs `act(number)` in so many threads that start together."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            act(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_of_many_who_register_one_address_one_gets_it() -> None:
    outcomes: list[str] = []

    def register(number: int) -> None:
        address = "Ada@example.com" if number % 2 else "ada@EXAMPLE.com"
        try:
            services.user_register(email=address, password="Correct-Horse-1", name=f"Ada {number}")
            outcomes.append("made")
        except DomainError as error:
            outcomes.append(error.code)

    _race(6, register)
    assert sorted(outcomes) == ["made"] + ["user_exists"] * 5
    assert User.objects.count() == 1


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_many_log_outs_at_once_all_count() -> None:
    user = services.user_register(email="a@example.com", password="Correct-Horse-1", name="A")
    _race(6, lambda number: services.user_revoke_tokens(user))
    user.refresh_from_db()
    assert user.token_version == 7


def test_a_closed_account_is_not_opened_by_an_identity() -> None:
    ada = services.user_register(email="ada@example.com", password="Correct-Horse-1", name="Ada")
    User.objects.update(is_active=False)
    with pytest.raises(DomainError) as refusal:
        services.user_sync_identity(SupabaseIdentity("s-1", "Ada@example.com"), name="Eve")
    assert (refusal.value.status, refusal.value.code) == (403, "account_closed")
    ada.refresh_from_db()
    assert (ada.supabase_id, ada.name, ada.is_active) == (None, "Ada", False)


def test_an_identity_keeps_its_account_when_its_address_changes() -> None:
    ada = services.user_sync_identity(SupabaseIdentity("s-1", "ada@example.com"), name="Ada")
    again = services.user_sync_identity(SupabaseIdentity("s-1", "countess@example.com"), name="Ada")
    assert again.pk == ada.pk
    assert User.objects.get().email == "ada@example.com"


def test_an_account_of_an_identity_has_no_password_to_guess() -> None:
    services.user_sync_identity(SupabaseIdentity("s-1", "ada@example.com"), name="Ada")
    assert not User.objects.get().has_usable_password()
    for password in ("", "None", "!"):
        assert services.user_check_credentials(email="ada@example.com", password=password) is None


def test_a_long_password_counts_to_its_last_byte() -> None:
    """bcrypt would stop at the seventy-second."""
    long = "Aa1" + "x" * 125
    services.user_register(email="a@example.com", password=long, name="A")
    assert services.user_check_credentials(email="a@example.com", password=long) is not None
    assert services.user_check_credentials(email="a@example.com", password=long[:-1] + "y") is None


def test_the_database_knows_the_roles() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(role="admin")
    assert User.objects.count() == 0
    assert UserFactory().role == User.Role.CUSTOMER


@pytest.mark.parametrize("role", User.Role.values)
def test_staff_enter_the_admin_and_customers_do_not(role: str) -> None:
    client = Client()
    client.force_login(UserFactory(role=role))
    assert client.get("/admin/").status_code == (302 if role == "customer" else 200)
