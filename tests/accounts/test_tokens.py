"""Our own session tokens: seven days, one audience, one algorithm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from accounts.tokens import TokenClaims, TokenInvalid, issue_token, read_token

USER = UUID("6f1f0c3e-6a44-4a49-9a0c-5f3f5f0a5a11")


def forged(key: str | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    """A token as ours, but for the changes; a claim that becomes None is left out."""
    claims = {
        "sub": str(USER),
        "ver": 1,
        "aud": "stolentee",
        "exp": timezone.now() + timedelta(days=1),
    } | changes
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, settings.SECRET_KEY if key is None else key, algorithm=algorithm)


def test_what_is_issued_can_be_read() -> None:
    assert read_token(issue_token(USER, 7)) == TokenClaims(USER, 7)
    assert read_token(forged()) == TokenClaims(USER, 1)


@pytest.mark.parametrize(("age", "good"), [(timedelta(days=7, seconds=-5), True), (timedelta(days=7), False)])
def test_a_token_lives_for_seven_days(age: timedelta, good: bool) -> None:
    token = issue_token(USER, 1, now=timezone.now() - age)
    if good:
        assert read_token(token).user_id == USER
    else:
        with pytest.raises(TokenInvalid, match="expired"):
            read_token(token)


def test_it_says_who_and_nothing_else() -> None:
    """No e-mail and no role: the first would be personal data in every log, the second would be believed."""
    claims = jwt.decode(issue_token(USER, 3), options={"verify_signature": False})
    assert set(claims) == {"sub", "ver", "aud", "iat", "exp"}


# Made when they are needed: they hold the time, and the key of the process.
WORTHLESS: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "a word": lambda: "x",
    "three parts": lambda: "a.b.c",
    "another key": lambda: forged(key="another-secret-of-more-than-thirty-two-bytes"),
    "no signature": lambda: forged(key="", algorithm="none"),
    "another algorithm": lambda: forged(key="k" * 64, algorithm="HS512"),
    "our key in another algorithm": lambda: forged(algorithm="HS512"),
    "another audience": lambda: forged(aud="another-shop"),
    "no audience": lambda: forged(aud=None),
    "nobody": lambda: forged(sub=None),
    "no end": lambda: forged(exp=None),
    "no version": lambda: forged(ver=None),
    "no id": lambda: forged(sub="1"),
    "a word for a version": lambda: forged(ver="one"),
    "a list for a version": lambda: forged(ver=[1]),
    "over": lambda: forged(exp=timezone.now() - timedelta(seconds=1)),
}


@pytest.mark.parametrize("kind", WORTHLESS)
def test_anything_else_is_worth_nothing(kind: str) -> None:
    with pytest.raises(TokenInvalid):
        read_token(WORTHLESS[kind]())


def test_a_single_changed_character_is_noticed() -> None:
    token = issue_token(uuid4(), 1)
    header, claims, signature = token.split(".")
    for index in range(len(claims)):
        other = "A" if claims[index] != "A" else "B"
        altered = f"{header}.{claims[:index]}{other}{claims[index + 1 :]}.{signature}"
        with pytest.raises(TokenInvalid):
            read_token(altered)
