"""The one typed reader of environment variables.

A bad value never stops the import of the settings: it is noted in `problems`, the default is used, and
`stolentee.checks` turns each note into a numbered system check, so that the operator sees all of them at once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import environ

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class Problem:
    """One unusable variable: its name and what is wrong with it."""

    name: str
    message: str


@dataclass
class Environment:
    """Reads typed values out of `source` and collects what could not be read."""

    source: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def _note(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))

    def text(self, name: str, default: str = "") -> str:
        """The value of `name`, or the content of the file that `<name>_FILE` points to, stripped."""
        path = self.source.get(f"{name}_FILE", "")
        if path:
            try:
                return Path(path).read_text().strip()
            except OSError as error:
                self._note(f"{name}_FILE", f"cannot be read: {error.strerror}")
                return default
            except UnicodeDecodeError:
                self._note(f"{name}_FILE", "cannot be read: it holds no text")
                return default
        return self.source.get(name, default).strip()

    def has(self, name: str) -> bool:
        """Whether `name` is given at all, itself or as a file."""
        return bool(self.source.get(name, "").strip() or self.source.get(f"{name}_FILE", ""))

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        value = self.text(name, default)
        if value in choices:
            return value
        self._note(name, f"must be one of {', '.join(choices)}, not {value!r}")
        return default

    def integer(self, name: str, default: int, *, minimum: int, maximum: int) -> int:
        value = self.text(name, str(default))
        if _WHOLE_NUMBER.fullmatch(value) and minimum <= int(value) <= maximum:
            return int(value)
        self._note(name, f"must be a whole number from {minimum} to {maximum}, not {value!r}")
        return default

    def amount(self, name: str, default: str) -> Decimal:
        """A decimal number that is not negative, such as a price in dollars."""
        value = self.text(name, default)
        if _AMOUNT.fullmatch(value):
            return Decimal(value)
        self._note(name, f"must be a number such as {default}, not {value!r}")
        return Decimal(default)

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, str(default)).lower()
        if value in _TRUE | _FALSE:
            return value in _TRUE
        self._note(name, f"must be true or false, not {value!r}")
        return default

    def words(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """A comma-separated list without empty entries."""
        return [word.strip() for word in self.text(name, ",".join(default)).split(",") if word.strip()]

    def url(self, name: str, default: str = "", *, schemes: Sequence[str] = ("http", "https")) -> str:
        """An absolute URL without a trailing slash, or "" where none is given."""
        value = self.text(name, default).rstrip("/")
        if not value:
            return ""
        if _is_url(value, schemes):
            return value
        self._note(name, f"must be a URL that begins with {' or '.join(s + '://' for s in schemes)}")
        return default

    def database(self, name: str, default_url: str) -> dict[str, object]:
        """Django's connection dictionary of a postgres:// or sqlite:// URL."""
        value = self.url(name, default_url, schemes=("postgres", "postgresql", "sqlite")) or default_url
        config: dict[str, object] = environ.Env.db_url_config(value)
        return config


def _is_url(value: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  Reading it is what refuses a port that is no number or too high.
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.netloc or parts.path)


def kept_secret(path: Path) -> str:
    """A random secret that is made at first use and kept in `path`, readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(64))
        # `hard link` fails where another process was first; then that one's secret is the secret.
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
