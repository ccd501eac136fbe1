"""Forgotten passwords and confirmed addresses: letters whose links work once, for the right person, for a day."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import links, services
from accounts.mail.messages import send
from accounts.models import AccountMail, User
from accounts.signals import email_proven
from accounts.supabase import SupabaseIdentity
from accounts.tokens import issue_token
from common.errors import DomainError
from tests.factories import UserFactory
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "Another-Horse-2"


def deliver_all() -> list[str]:
    """Sends what waits in the outbox; returns the links in it."""
    for letter in AccountMail.objects.filter(status="queued").order_by("created_at"):
        send(str(letter.pk))
    return re.findall(r"http://\S+/account/\S+", "\n".join(str(message.body) for message in mail.outbox))


def path_of(link: str) -> str:
    return re.sub(r"^http://[^/]+", "", link)


def parts_of(link: str) -> dict[str, str]:
    uid, token = link.split("/")[-2:]
    return {"uid": uid, "token": token}


def post(path: str, body: dict[str, Any], token: str = "") -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Client().post(path, body, content_type="application/json", headers=headers)


def ask_for_reset(email: str) -> Any:
    return post("/api/auth/forgot-password", {"email": email})


def test_nobody_learns_whether_an_address_has_an_account() -> None:
    UserFactory(email="ada@example.com")
    UserFactory(email="closed@example.com", is_active=False)
    known, unknown, closed = map(
        ask_for_reset, ("Ada@Example.com", "nobody@example.com", "closed@example.com")
    )
    assert known.status_code == unknown.status_code == closed.status_code == 200
    assert known.content == unknown.content == closed.content
    assert [letter.user.email for letter in AccountMail.objects.all()] == ["ada@example.com"]


def test_a_forgotten_password_is_replaced_once_and_every_device_is_signed_out() -> None:
    user = UserFactory(email="ada@example.com")
    old_token = issue_token(user.pk, user.token_version)
    ask_for_reset("ada@example.com")
    (link,) = deliver_all()
    assert mail.outbox[0].to == ["ada@example.com"]
    assert mail.outbox[0].subject == "Choose a new password - Stolen Tee"
    assert link in mail.outbox[0].alternatives[0][0]

    assert post("/api/auth/reset-password", parts_of(link) | {"password": NEW}).status_code == 200
    assert services.user_check_credentials(email="ada@example.com", password=PASSWORD) is None
    assert services.user_check_credentials(email="ada@example.com", password=NEW) is not None
    me = Client().get("/api/auth/me", headers={"authorization": f"Bearer {old_token}"})
    assert me.status_code == 401
    user.refresh_from_db()
    assert user.email_confirmed_at is not None

    again = post("/api/auth/reset-password", parts_of(link) | {"password": "Third-Horse-3"})
    assert (again.status_code, again.json()["code"]) == (400, "link_invalid")
    assert services.user_check_credentials(email="ada@example.com", password=NEW) is not None
    deliver_all()
    assert [message.subject for message in mail.outbox[1:]] == ["Your password was changed - Stolen Tee"]


def test_a_weak_password_does_not_use_the_link_up() -> None:
    UserFactory(email="ada@example.com")
    ask_for_reset("ada@example.com")
    (link,) = deliver_all()
    weak = post("/api/auth/reset-password", parts_of(link) | {"password": "short"})
    assert (weak.status_code, weak.json()["message"]) == (
        400,
        "Password must be between 8 and 128 characters",
    )
    assert post("/api/auth/reset-password", parts_of(link) | {"password": NEW}).status_code == 200


def test_no_row_holds_the_link() -> None:
    UserFactory(email="ada@example.com")
    ask_for_reset("ada@example.com")
    (link,) = deliver_all()
    rows = str(AccountMail.objects.values()) + str(User.objects.values())
    assert parts_of(link)["token"] not in rows


@pytest.mark.parametrize("change", ["token", "uid", "both"])
def test_altered_links_open_nothing(change: str) -> None:
    user, other = UserFactory(), UserFactory()
    good = parts_of(links.page_of("reset-password", user, links.RESET))
    foreign = parts_of(links.page_of("reset-password", other, links.RESET))
    body = {
        "token": {**good, "token": good["token"][:-1] + "x"},
        "uid": {**good, "uid": foreign["uid"]},
        "both": {"uid": "%%%", "token": "-"},
    }[change]
    answer = post("/api/auth/reset-password", body | {"password": NEW})
    assert (answer.status_code, answer.json()["code"]) == (400, "link_invalid")
    assert {services.user_check_credentials(email=u.email, password=PASSWORD) for u in (user, other)} == {
        user,
        other,
    }


def test_a_link_for_one_purpose_does_not_serve_another() -> None:
    user = UserFactory()
    confirm = parts_of(links.page_of("confirm-email", user, links.CONFIRM))
    assert post("/api/auth/reset-password", confirm | {"password": NEW}).status_code == 400
    reset = parts_of(links.page_of("reset-password", user, links.RESET))
    assert post("/api/auth/confirm-email", reset).status_code == 400
    user.refresh_from_db()
    assert user.email_confirmed_at is None


def test_links_end_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    user = UserFactory()
    made = {tokens: parts_of(links.page_of("x", user, tokens)) for tokens in (links.RESET, links.CONFIRM)}
    later = timezone.now().replace(tzinfo=None) + timedelta(hours=25)
    for tokens, parts in made.items():
        monkeypatch.setattr(tokens, "_now", lambda: later)
        assert links.user_of(parts["uid"], parts["token"], tokens) is None


def test_a_log_out_ends_the_links_that_wait() -> None:
    user = UserFactory()
    parts = parts_of(links.page_of("reset-password", user, links.RESET))
    services.user_revoke_tokens(user)
    assert links.user_of(parts["uid"], parts["token"], links.RESET) is None


def test_registering_asks_to_confirm_and_confirming_lets_the_other_apps_know() -> None:
    seen: list[User] = []

    def note(sender: Any, user: User, **kwargs: Any) -> None:
        seen.append(user)

    email_proven.connect(note)
    try:
        user = services.user_register(email="ada@example.com", password=PASSWORD, name="Ada <b>")
        (link,) = deliver_all()
        assert "Ada &lt;b&gt;" in mail.outbox[0].alternatives[0][0]
        assert seen == []
        assert post("/api/auth/confirm-email", parts_of(link)).status_code == 200
        assert seen == [user]
        assert post("/api/auth/confirm-email", parts_of(link)).status_code == 400
        services.user_check_credentials(email="ada@example.com", password=PASSWORD)
        assert seen == [user, user]
    finally:
        email_proven.disconnect(note)


def test_the_letter_can_be_asked_for_again_until_the_address_is_confirmed() -> None:
    user = UserFactory()
    token = issue_token(user.pk, user.token_version)
    assert post("/api/auth/confirm-email/request", {}).status_code == 401
    assert post("/api/auth/confirm-email/request", {}, token).status_code == 200
    assert AccountMail.objects.count() == 1
    User.objects.update(email_confirmed_at=timezone.now())
    assert post("/api/auth/confirm-email/request", {}, token).status_code == 200
    assert AccountMail.objects.count() == 1


def test_changing_the_password_needs_the_old_one_and_gives_a_new_session() -> None:
    user = UserFactory()
    token = issue_token(user.pk, user.token_version)
    body = {"current_password": "Wrong-Horse-1", "password": NEW}
    wrong = post("/api/auth/change-password", body, token)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "password_wrong")
    assert services.user_check_credentials(email=user.email, password=PASSWORD) == user

    right = post("/api/auth/change-password", body | {"current_password": PASSWORD}, token)
    assert right.status_code == 200
    for bearer, status in ((token, 401), (right.json()["data"]["token"], 200)):
        me = Client().get("/api/auth/me", headers={"authorization": f"Bearer {bearer}"})
        assert me.status_code == status


def test_an_identity_throws_out_whoever_registered_with_its_address() -> None:
    """Eve registers Ada's address and waits. Ada signs in with Google: Eve's password and tokens are worth nothing."""
    eve = services.user_register(email="ada@example.com", password=PASSWORD, name="Ada")
    token = issue_token(eve.pk, eve.token_version)
    ada = services.user_sync_identity(SupabaseIdentity("s-1", "ada@example.com"), name="Ada")
    assert ada.pk == eve.pk and ada.email_confirmed_at is not None
    assert services.user_check_credentials(email="ada@example.com", password=PASSWORD) is None
    assert Client().get("/api/auth/me", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_a_confirmed_account_keeps_its_password_when_an_identity_joins() -> None:
    user = UserFactory(email="ada@example.com", email_confirmed_at=timezone.now())
    services.user_sync_identity(SupabaseIdentity("s-1", "ada@example.com"), name="Ada")
    assert services.user_check_credentials(email="ada@example.com", password=PASSWORD) == user


def test_an_identity_with_another_address_confirms_nothing() -> None:
    user = UserFactory(email="ada@example.com", supabase_id="s-1")
    services.user_sync_identity(SupabaseIdentity("s-1", "countess@example.com"), name="Ada")
    user.refresh_from_db()
    assert user.email_confirmed_at is None


def test_the_pages_behind_the_links() -> None:
    user = UserFactory(email="ada@example.com")
    browser = Client()
    assert b"A new password" in browser.get("/account/forgot-password").content
    assert browser.post("/account/forgot-password", {"email": "ada"}).status_code == 400
    answer = browser.post("/account/forgot-password", {"email": "ada@example.com"})
    assert b"Look into your mail" in answer.content
    services.user_request_confirmation(user)
    reset, confirm = sorted(map(path_of, deliver_all()), reverse=True)

    assert b"Is this your address?" in browser.get(confirm).content
    user.refresh_from_db()
    assert user.email_confirmed_at is None  # looking does nothing: programs that scan mail open links
    assert b"Thank you" in browser.post(confirm).content
    assert browser.get(confirm).status_code == 404
    assert browser.post(confirm).status_code == 400

    assert b"Choose a new password" in browser.get(reset).content
    weak = browser.post(reset, {"password": "short"})
    assert weak.status_code == 400 and b"between 8 and 128" in weak.content
    assert b"Your new password is set" in browser.post(reset, {"password": NEW}).content
    assert browser.get(reset).status_code == 404
    assert browser.post(reset, {"password": NEW}).status_code == 400


def test_a_letter_that_the_server_refuses_is_tried_again_and_then_left(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    services.user_request_confirmation(UserFactory())
    letter = AccountMail.objects.get()
    send(str(letter.pk))
    letter.refresh_from_db()
    assert (letter.status, letter.attempts, letter.error_code) == ("queued", 1, "mail_refused")


def test_links_of_closed_accounts_open_nothing() -> None:
    user = UserFactory()
    parts = parts_of(links.page_of("reset-password", user, links.RESET))
    User.objects.update(is_active=False)
    with pytest.raises(DomainError) as refusal:
        services.password_reset(parts["uid"], parts["token"], NEW)
    assert refusal.value.code == "link_invalid"


def test_nobody_is_flooded_with_letters() -> None:
    UserFactory(email="ada@example.com")
    for _ in range(3):
        assert ask_for_reset("ada@example.com").status_code == 200
    assert AccountMail.objects.count() == 1
    AccountMail.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    ask_for_reset("ada@example.com")
    assert AccountMail.objects.count() == 2
