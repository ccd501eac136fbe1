"""Names in every script, and nothing in them that could end a line or hide one."""

import pytest
from rest_framework.serializers import ValidationError

from accounts.serializers import OAuthSyncSerializer, RegisterSerializer, clean_email, clean_name

GOOD = {"email": "ada@example.com", "password": "Correct-Horse-1", "name": "Ada"}


@pytest.mark.parametrize(
    "name",
    [
        "José O'Brien",
        "Zoë-Ann van 't Hoff",
        "李小龍",
        "Владимир",
        "محمد علی",
        "می‌خواهم",  # Persian joins and parts letters with U+200C
        "क्‍ष",  # Hindi with U+200D
        "Ada 👩‍🚀",
        "1",
        "x" * 100,
    ],
)
def test_people_are_called_what_they_are_called(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "character",
    [
        "\n",
        "\r",
        "\t",
        "\x00",
        "\x1b",
        "\x7f",
        "\x85",  # next line
        "\u2028",  # line separator
        "\u2029",  # paragraph separator
        "\u202e",  # turns what follows around
        "\u2066",
        "\ufeff",
        "\ue000",  # private use
        "\ud800",  # half a pair
    ],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_what_is_no_letter_but_a_command_is_refused(character: str) -> None:
    with pytest.raises(ValidationError, match="letters, digits, spaces and punctuation"):
        clean_name(f"Ada{character}Bcc: eve@example.com")


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_a_name_has_one_to_a_hundred_characters(name: str) -> None:
    with pytest.raises(ValidationError, match="between 1 and 100 characters"):
        clean_name(name)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada.Lovelace+Tees@GMAIL.com", "ada.lovelace+tees@gmail.com"),
        ("a.b@outlook.com", "a.b@outlook.com"),
        ("x_y-z@sub.example.co", "x_y-z@sub.example.co"),
    ],
)
def test_addresses_are_folded_by_case_alone(typed: str, kept: str) -> None:
    assert clean_email(typed) == kept


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@example", "a@b.co\nBcc: e@b.co"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="valid email"):
        clean_email(address)


def test_spaces_around_a_password_belong_to_it_and_those_around_a_name_do_not() -> None:
    body = RegisterSerializer(
        data=GOOD | {"password": "  Correct-Horse-1 ", "name": " Ada ", "email": " A@b.co "}
    )
    assert body.is_valid()
    assert body.validated_data == {"password": "  Correct-Horse-1 ", "name": "Ada", "email": "a@b.co"}


@pytest.mark.parametrize("extra", [{"role": "owner"}, {"is_active": False}, {"token_version": 9}])
def test_what_is_not_asked_for_is_not_taken(extra: dict[str, object]) -> None:
    body = RegisterSerializer(data=GOOD | extra)
    assert body.is_valid()
    assert set(body.validated_data) == {"email", "password", "name"}


def test_a_sign_in_by_an_identity_takes_the_same_names() -> None:
    body = {"email": "A@example.com", "name": "José", "supabaseId": "s-1"}
    sent = OAuthSyncSerializer(data=body)
    assert sent.is_valid()
    assert sent.validated_data == {"email": "a@example.com", "name": "José", "supabaseId": "s-1"}
    assert not OAuthSyncSerializer(data=body | {"name": "José\nBcc"}).is_valid()
    assert not OAuthSyncSerializer(data=body | {"supabaseId": "s" * 256}).is_valid()
