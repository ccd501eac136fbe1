"""The typed reader: a bad value is noted, never raised, and the default is used."""

from pathlib import Path

import pytest

from stolentee.environment import Environment, kept_secret


@pytest.mark.parametrize(
    ("value", "read", "noted"),
    [("7", 7, False), ("0", 5, True), ("11", 5, True), ("x", 5, True), ("1.5", 5, True), ("", 5, True)],
)
def test_integers(value: str, read: int, noted: bool) -> None:
    env = Environment({"N": value})
    assert env.integer("N", 5, minimum=1, maximum=10) == read
    assert [problem.name for problem in env.problems] == (["N"] if noted else [])


@pytest.mark.parametrize(
    ("value", "read"), [("TRUE", True), ("on", True), ("0", False), ("", False), ("maybe", True)]
)
def test_flags(value: str, read: bool) -> None:
    env = Environment({"F": value})
    assert env.flag("F", True) is read
    assert bool(env.problems) == (value == "maybe")


@pytest.mark.parametrize(
    ("value", "read"),
    [("http://a/", "http://a"), ("ftp://a", "http://d"), ("nonsense", "http://d"), ("", "")],
)
def test_urls(value: str, read: str) -> None:
    assert Environment({"U": value}).url("U", "http://d") == read


def test_words_choices_and_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    env = Environment({"W": " a, ,b ", "C": "red", "S_FILE": str(tmp_path / "secret"), "M_FILE": "/nowhere"})
    assert env.words("W") == ["a", "b"]
    assert env.choice("C", ("blue", "green"), "blue") == "blue"
    assert env.text("S") == "from a file"
    assert env.text("M", "default") == "default"
    assert [problem.name for problem in env.problems] == ["C", "M_FILE"]


def test_a_kept_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret-key"
    secret = kept_secret(path)
    assert len(secret) >= 64 and kept_secret(path) == secret
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == ["secret-key"]


def test_an_empty_database_url_is_none_given() -> None:
    config = Environment({"DATABASE_URL": ""}).database("DATABASE_URL", "sqlite:////nowhere/db.sqlite3")
    assert config["ENGINE"] == "django.db.backends.sqlite3"
