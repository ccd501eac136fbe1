"""The staff's second factor: set up once, asked for where the shop says, codes that work once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/admin/two-factor"


def code_of(user: User, *, steps: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    device = TOTPDevice.objects.get(user=user)
    clock = TOTP(device.bin_key, drift=steps)
    return f"{clock.token():06d}"


@pytest.fixture
def owner() -> User:
    return UserFactory(owner=True)


@pytest.fixture
def browser(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def enrol(browser: Client, owner: User) -> list[str]:
    browser.get(PAGE)
    answer = browser.post(PAGE, {"code": code_of(owner)})
    return re.findall(r"<li><code>(\w+)</code>", answer.content.decode())


def test_strangers_and_customers_are_sent_to_the_log_in() -> None:
    customer = Client()
    customer.force_login(UserFactory())
    for client in (Client(), customer):
        answer = client.get(PAGE)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/")
    assert TOTPDevice.objects.count() == 0


def test_setting_it_up_shows_a_code_to_scan_and_ten_recovery_codes_once(browser: Client, owner: User) -> None:
    page = browser.get(PAGE)
    assert page["Cache-Control"] == "no-store"
    assert b"<svg" in page.content and b"Or type this secret" in page.content
    secret = re.search(rb"<code>(\w+)</code>", page.content)
    assert secret == re.search(rb"<code>(\w+)</code>", browser.get(PAGE).content) or secret is not None
    codes = enrol(browser, owner)
    assert len(set(codes)) == 10
    assert b"Your code, please" in browser.get(PAGE).content


def test_a_wrong_code_turns_nothing_on(browser: Client, owner: User) -> None:
    browser.get(PAGE)
    right = code_of(owner)
    wrong = "000000" if right != "000000" else "000001"
    answer = browser.post(PAGE, {"code": wrong})
    assert answer.status_code == 400 and b"This code is not right" in answer.content
    assert not TOTPDevice.objects.filter(confirmed=True).exists()
    assert StaticToken.objects.count() == 0


def test_a_user_with_a_second_factor_owes_it_in_every_session(browser: Client, owner: User) -> None:
    assert browser.get("/admin/").status_code == 200
    enrol(browser, owner)
    assert browser.get("/admin/").status_code == 200  # this session has shown one

    fresh = Client()
    fresh.force_login(owner)
    answer = fresh.get("/admin/accounts/user/")
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/admin/two-factor?next=%2Fadmin%2Faccounts%2Fuser%2F",
    )
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    posted = fresh.post(PAGE, {"code": code_of(owner, steps=1), "next": "/admin/accounts/user/"})
    assert (posted.status_code, posted["Location"]) == (302, "/admin/accounts/user/")
    assert fresh.get("/admin/accounts/user/").status_code == 200


def test_a_code_works_once(browser: Client, owner: User) -> None:
    browser.get(PAGE)
    code = code_of(owner)
    assert browser.post(PAGE, {"code": code}).status_code == 200
    fresh = Client()
    fresh.force_login(owner)
    assert fresh.post(PAGE, {"code": code}).status_code == 400
    assert fresh.get("/admin/").status_code == 302


def test_a_recovery_code_works_once(browser: Client, owner: User) -> None:
    codes = enrol(browser, owner)
    for status, admin in ((302, 200), (400, 302)):
        fresh = Client()
        fresh.force_login(owner)
        assert fresh.post(PAGE, {"code": f" {codes[0].upper()} "}).status_code == status
        assert fresh.get("/admin/").status_code == admin


def test_guessing_is_throttled(browser: Client, owner: User) -> None:
    enrol(browser, owner)
    fresh = Client()
    fresh.force_login(owner)
    right = code_of(owner, steps=1)
    wrong = "000000" if right != "000000" else "000001"
    assert [fresh.post(PAGE, {"code": wrong}).status_code for _ in range(3)] == [400, 400, 400]
    assert fresh.post(PAGE, {"code": right}).status_code == 400  # the right one, too soon
    assert fresh.get("/admin/").status_code == 302


@pytest.mark.parametrize(("setting", "status"), [("always", 302), ("refunds", 200)])
def test_the_shop_says_whether_the_admin_opens_without(
    setting: str, status: int, settings: Any, browser: Client
) -> None:
    settings.STAFF_SECOND_FACTOR = setting
    assert browser.get("/admin/").status_code == status
    assert browser.get(PAGE).status_code == 200


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/admin/", "//evil.example/admin/", "/uploads/x.png", "javascript:alert(1)"],
)
def test_the_way_on_leads_into_the_admin_only(target: str, browser: Client, owner: User) -> None:
    enrol(browser, owner)
    fresh = Client()
    fresh.force_login(owner)
    assert target.encode() not in fresh.get(PAGE, {"next": target}).content
    answer = fresh.post(PAGE, {"code": code_of(owner, steps=1), "next": target})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_logging_out_ends_it(browser: Client, owner: User) -> None:
    enrol(browser, owner)
    browser.post("/admin/logout/")
    browser.force_login(owner)
    assert browser.get("/admin/").status_code == 302
