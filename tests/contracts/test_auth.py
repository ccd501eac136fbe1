"""CONTRACT 1.12-1.15, and section 0: who is told 401, and who never is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tokens import issue_token
from demo.storefront import Json, Storefront
from tests.contracts.expectations import (
    A_RANDOM_ID,
    A_TEXT,
    A_TIME,
    assert_has,
    assert_refused,
    data_of,
    nothing_changes,
)
from tests.contracts.in_process import storefront

REGISTER, LOGIN, SYNC, ME = "/api/auth/register", "/api/auth/login", "/api/auth/oauth/sync", "/api/auth/me"
NEW = {"email": "Grace.Hopper+tees@Example.com", "password": "Correct-horse-7", "name": "Grace Hopper"}
LENGTH = "Password must be between 8 and 128 characters"
CLASSES = "Password must contain at least one uppercase letter, one lowercase letter, and one number"


@pytest.mark.parametrize("path", [REGISTER, "/api/auth/signup"])
def test_registering_answers_with_the_user(guest: Storefront, path: str) -> None:
    user = data_of(guest.call("POST", path, json=NEW), 201)["user"]

    assert_has(user, id=A_RANDOM_ID, name="Grace Hopper", role="customer", created_at=A_TIME)
    # Case is folded; dots and tags are not, for that would merge two people.
    assert_has(user, email="grace.hopper+tees@example.com", updated_at=A_TIME)


def test_the_page_logs_in_with_the_words_that_it_registered_with(guest: Storefront) -> None:
    user = guest.register_and_login(NEW["email"], NEW["password"], NEW["name"])

    assert_has(user, id=A_RANDOM_ID, email=NEW["email"].lower(), name="Grace Hopper", role="customer")
    assert len(guest.token.split(".")) == 3
    assert data_of(guest.call("GET", ME))["user"] == user


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "nonsense"}, "Must be a valid email address"),
        ({"email": ""}, "Must be a valid email address"),
        ({"email": None}, "Must be a valid email address"),
        ({"email": f"{'a' * 250}@example.com"}, "Email must not exceed 255 characters"),
        ({"password": "Short1"}, LENGTH),
        ({"password": ""}, LENGTH),
        ({"password": "Aa1" + "x" * 126}, LENGTH),
        ({"password": "alllowercase1"}, CLASSES),
        ({"password": "ALLUPPERCASE1"}, CLASSES),
        ({"password": "NoDigitsHere"}, CLASSES),
        ({"name": ""}, "Name must be between 1 and 100 characters"),
        ({"name": "x" * 101}, "Name must be between 1 and 100 characters"),
    ],
    ids=str,
)
def test_the_first_error_is_the_message(guest: Storefront, change: Json, message: str) -> None:
    with nothing_changes():
        assert_refused(guest.call("POST", REGISTER, json=NEW | change), 400, message)


@pytest.mark.parametrize("missing", ["email", "password", "name"])
def test_a_missing_field_has_the_same_message(guest: Storefront, missing: str) -> None:
    body = {key: value for key, value in NEW.items() if key != missing}

    with nothing_changes():
        answer = guest.call("POST", REGISTER, json=body)

    assert answer.status_code == 400
    assert missing in answer.json()["message"].lower()


@pytest.mark.parametrize("name", ["O'Brien", "José Müller", "李小龍", "Smith, J."])
def test_people_have_names_in_every_script(guest: Storefront, name: str) -> None:
    assert data_of(guest.call("POST", REGISTER, json=NEW | {"name": name}), 201)["user"]["name"] == name


def test_a_known_address_is_400_whatever_its_case(guest: Storefront) -> None:
    data_of(guest.call("POST", REGISTER, json=NEW), 201)

    for email in (NEW["email"], NEW["email"].upper()):
        with nothing_changes():
            assert_refused(
                guest.call("POST", REGISTER, json=NEW | {"email": email}), 400, "User already exists"
            )


def test_a_role_cannot_be_asked_for(guest: Storefront) -> None:
    body = NEW | {"role": "admin", "is_staff": True, "id": "00000000-0000-4000-8000-000000000000"}

    user = data_of(guest.call("POST", REGISTER, json=body), 201)["user"]

    assert user["role"] == "customer"
    assert User.objects.get(pk=user["id"]).role == User.Role.CUSTOMER


def test_login_answers_with_token_and_user(guest: Storefront) -> None:
    data_of(guest.call("POST", REGISTER, json=NEW), 201)

    answer = guest.call("POST", LOGIN, json={key: NEW[key] for key in ("email", "password")})

    data = data_of(answer)
    assert_has(data, token=A_TEXT)
    assert_has(data["user"], id=A_RANDOM_ID, email=A_TEXT, name=A_TEXT, role="customer")
    assert "password" not in data["user"] and "argon2" not in answer.text


def test_wrong_words_are_401(guest: Storefront) -> None:
    data_of(guest.call("POST", REGISTER, json=NEW), 201)

    for email, password in ((NEW["email"], "Wrong-password-1"), ("nobody@example.com", NEW["password"])):
        with nothing_changes():
            assert_refused(
                guest.call("POST", LOGIN, json={"email": email, "password": password}),
                401,
                "Invalid credentials",
            )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@b.co"},
        {"password": "x"},
        {"email": "", "password": ""},
        {"email": None, "password": 1},
    ],
    ids=str,
)
def test_login_needs_both_words(guest: Storefront, body: Json) -> None:
    assert_refused(guest.call("POST", LOGIN, json=body), 400, "Email and password are required")


def test_an_old_token_does_not_stand_in_the_way_of_a_login(guest: Storefront) -> None:
    data_of(guest.call("POST", REGISTER, json=NEW), 201)
    guest.token = "expired.or.garbage"

    answer = guest.call("POST", LOGIN, json={key: NEW[key] for key in ("email", "password")})

    assert data_of(answer)["token"] == A_TEXT


def test_the_staffs_role_is_admin_for_the_page(staff: Storefront) -> None:
    assert data_of(staff.call("GET", ME))["user"]["role"] == "admin"


@pytest.mark.parametrize("role", [User.Role.ART, User.Role.SUPPORT, User.Role.PRINTER, User.Role.CUSTOMER])
def test_nobody_else_is_admin(guest: Storefront, role: str) -> None:
    user = User.objects.create_user("x@example.com", None, name="X", role=role)

    me = data_of(storefront(issue_token(user.pk, user.token_version)).call("GET", ME))["user"]

    assert me["role"] == role != "admin"


def test_me_answers_with_the_user(customer: Storefront, customer_user: User) -> None:
    user = data_of(customer.call("GET", ME))["user"]

    assert_has(user, id=str(customer_user.pk), email="ada@example.com", name="Ada Lovelace")
    assert_has(user, role="customer", created_at=A_TIME, updated_at=A_TIME)


PROTECTED = [
    ("GET", ME),
    ("POST", "/api/auth/logout"),
    ("GET", "/api/designs"),
    ("POST", "/api/designs"),
    ("GET", "/api/designs/abc"),
    ("PUT", "/api/designs/abc"),
    ("DELETE", "/api/designs/abc"),
    ("GET", "/api/jobs"),
    ("GET", "/api/admin/orders"),
    ("GET", "/api/admin/orders/abc"),
    ("PATCH", "/api/admin/orders/abc/status"),
    ("POST", "/api/admin/products"),
    ("PUT", "/api/admin/products/9f9e4e98-4128-4d09-af21-58e5523eed14"),
    ("DELETE", "/api/admin/products/9f9e4e98-4128-4d09-af21-58e5523eed14"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_what_needs_a_user_is_401_and_not_403(guest: Storefront, method: str, path: str) -> None:
    """The log-out of the page depends on it."""
    with nothing_changes():
        answer = guest.call(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)

    assert_refused(answer, 401, "Authentication required - no token provided")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_a_token_that_is_worth_nothing_is_401(guest: Storefront, method: str, path: str) -> None:
    guest.token = "expired.or.garbage"

    answer = guest.call(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)

    assert_refused(answer, 401, "Invalid token")


def test_expired_and_revoked_tokens_and_closed_accounts_are_401(
    customer: Storefront, customer_user: User
) -> None:
    eight_days_ago = timezone.now() - timedelta(days=8)
    expired = issue_token(customer_user.pk, customer_user.token_version, now=eight_days_ago)
    assert_refused(storefront(expired).call("GET", ME), 401, "Invalid token")

    assert data_of(customer.call("POST", "/api/auth/logout"))["message"] == A_TEXT
    assert_refused(customer.call("GET", ME), 401, "Invalid token")

    customer_user.refresh_from_db()
    fresh = storefront(issue_token(customer_user.pk, customer_user.token_version))
    User.objects.filter(pk=customer_user.pk).update(is_active=False)
    assert_refused(fresh.call("GET", ME), 401, "Invalid token")


GUEST_FLOWS = [
    ("GET", "/api/products"),
    ("GET", "/api/products/unknown"),
    ("POST", "/api/price/quote"),
    ("POST", "/api/orders/calculate-tax"),
    ("POST", "/api/orders/create"),
    ("POST", "/api/orders/abc/capture-payment"),
    ("GET", "/api/orders/abc"),
    ("POST", "/api/uploads/file"),
    ("POST", "/api/uploads/shirt-photo"),
    ("POST", "/api/uploads/signed-url"),
    ("GET", "/api/jobs/abc"),
    ("POST", "/api/jobs/start"),
    ("POST", REGISTER),
    ("POST", LOGIN),
    ("GET", "/api/unknown"),
    ("GET", "/health"),
    ("GET", "/uploads/unknown.png"),
]


@pytest.mark.parametrize("token", ["", "expired.or.garbage"])
@pytest.mark.parametrize(("method", "path"), GUEST_FLOWS)
def test_a_guest_is_never_sent_to_the_login_page(
    guest: Storefront, method: str, path: str, token: str
) -> None:
    """Any 401 logs the visitor out and reloads the page, from whichever endpoint it came."""
    guest.token = token

    answer = guest.call(method, path, json={} if method == "POST" else None)

    assert answer.status_code not in (401, 500)


@pytest.mark.parametrize(
    "proof",
    [{}, {"access_token": "garbage"}, {"access_token": "eyJhbGciOiJub25lIn0.e30."}],
    ids=["none", "garbage", "alg none"],
)
def test_a_sign_in_without_proof_opens_no_account(
    guest: Storefront, customer_user: User, proof: Json
) -> None:
    """The storefront as it is sends none; a token for whoever is named would be a takeover of any account."""
    body = {"email": customer_user.email, "name": "Mallory", "supabaseId": "x"} | proof

    with nothing_changes():
        refusal = assert_refused(
            guest.call("POST", SYNC, json=body),
            403,
            "Sign-in could not be verified.",
            code="identity_unproven",
        )

    assert "token" not in refusal


def test_our_own_token_is_no_proof_of_an_identity(customer: Storefront, staff: Storefront) -> None:
    body = {"email": "owner@example.com", "name": "Ada", "supabaseId": "x"}

    with nothing_changes():
        assert_refused(customer.call("POST", SYNC, json=body), 403, "Sign-in could not be verified.")


@pytest.mark.parametrize("missing", ["email", "name", "supabaseId"])
def test_a_sign_in_needs_all_three_fields(guest: Storefront, missing: str) -> None:
    body = {"email": "a@example.com", "name": "A", "supabaseId": "x"}
    del body[missing]

    with nothing_changes():
        answer = guest.call("POST", SYNC, json=body)

    assert (answer.status_code, answer.json()["message"]) == (400, A_TEXT)


def test_a_forgotten_password_is_answered_alike_for_everybody(guest: Storefront) -> None:
    for email in ("ada@example.com", "nobody@example.com"):
        answer = guest.call("POST", "/api/auth/forgot-password", json={"email": email})
        assert answer.status_code == 200
        assert answer.json()["data"] == {
            "message": "If this address has an account, a letter with a link is on its way."
        }
