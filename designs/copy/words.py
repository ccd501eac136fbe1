"""Words that no slogan may be about or hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Slurs, obscenities and names of hate that a shop must not print by its own suggestion; the operator adds to them with
# `TEXT_BLOCKED_WORDS`. A word also stands for what begins with it ("fuck" for "fucking"), if it ends in a star.
BLOCKED = (
    "asshole", "bastard*", "bitch*", "bollocks", "chink", "cock", "coon", "cunt*", "dick", "dyke",
    "faggot*", "fag", "fuck*", "gook", "heil", "hitler", "isis", "jihad*", "kike", "kkk", "motherfuck*",
    "nazi*", "nigg*", "paki", "pedo*", "porn*", "pussy", "rape*", "rapist*", "retard*", "shit*",
    "slut*", "spic", "tranny", "twat", "wank*", "whore*",
)  # fmt: skip
_DIGITS = str.maketrans("013457@$!", "oieastasi")


def blocked_words(text: str, more: Iterable[str] = ()) -> list[str]:
    """The blocked words in a text, whatever their case, accents and digits in the place of letters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    spellings = f"{plain} {plain.translate(_DIGITS)}"
    return [word for word in (*BLOCKED, *more) if _pattern(word).search(spellings)]


def _pattern(word: str) -> re.Pattern[str]:
    end = "" if word.endswith("*") else r"s?\b"
    return re.compile(r"\b" + re.escape(word.rstrip("*").lower()) + end)
