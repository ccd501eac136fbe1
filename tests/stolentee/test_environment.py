"""The typed reader: a bad value is noted, never raised, and the default is used."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
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
    ("value", "read", "noted"),
    [("0.20", "0.20", False), ("7", "7", False), ("-1", "5", True), ("1e3", "5", True), ("NaN", "5", True)],
)
def test_amounts(value: str, read: str, noted: bool) -> None:
    env = Environment({"A": value})
    assert env.amount("A", "5") == Decimal(read)
    assert bool(env.problems) == noted


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


@pytest.mark.parametrize(
    "value", ["--5", "-", "+5", "²", "٣", "5_0", "0x5", "9" * 5000, "5\n6"], ids=lambda value: value[:6]
)
def test_what_only_looks_like_a_number_is_noted_and_raises_nothing(value: str) -> None:
    env = Environment({"N": value})
    assert env.integer("N", 5, minimum=-10, maximum=100) == 5
    assert [problem.name for problem in env.problems] == ["N"]


@pytest.mark.parametrize("value", ["-7", " 7 ", "007"])
def test_numbers_as_people_write_them(value: str) -> None:
    env = Environment({"N": value})
    assert env.integer("N", 5, minimum=-10, maximum=10) == int(value)
    assert env.problems == []


@pytest.mark.parametrize("value", ["http://[", "http://shop:port", "http://shop:99999", "http://", "//shop"])
def test_what_only_looks_like_an_address_is_noted_and_raises_nothing(value: str) -> None:
    env = Environment({"U": value})
    assert env.url("U", "http://d") == "http://d"
    assert [problem.name for problem in env.problems] == ["U"]


@pytest.mark.parametrize(
    "value",
    ["postgres://u:the-password@h:99999/d", "postgres://u:the-password@[/d", "mysql://u:the-password@h/d"],
)
def test_a_database_address_that_cannot_be_read_is_noted_without_its_password(value: str) -> None:
    env = Environment({"DATABASE_URL": value})
    config = env.database("DATABASE_URL", "sqlite:////nowhere/db.sqlite3")
    assert config["ENGINE"] == "django.db.backends.sqlite3"
    ((problem),) = env.problems
    assert problem.name == "DATABASE_URL" and "the-password" not in problem.message


@pytest.mark.parametrize(
    ("value", "engine", "name", "port"),
    [
        ("postgres://u:p@h:5433/d", "django.db.backends.postgresql", "d", 5433),
        ("postgresql://u:p%40ss@h/d", "django.db.backends.postgresql", "d", ""),
        ("sqlite:////data/x.sqlite3", "django.db.backends.sqlite3", "/data/x.sqlite3", ""),
    ],
)
def test_databases(value: str, engine: str, name: str, port: int | str) -> None:
    env = Environment({"DATABASE_URL": value})
    config = env.database("DATABASE_URL", "sqlite:////nowhere/db.sqlite3")
    assert (config["ENGINE"], config["NAME"], config["PORT"]) == (engine, name, port)
    assert env.problems == []


def test_a_secret_file_that_holds_no_text_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"\xff\xfe\x00")
    env = Environment({"S_FILE": str(path)})
    assert env.text("S", "default") == "default"
    assert [problem.name for problem in env.problems] == ["S_FILE"]


def test_every_problem_is_collected() -> None:
    env = Environment({"A": "x", "B": "maybe", "C": "red", "D": "ftp://x"})
    env.integer("A", 1, minimum=0, maximum=9)
    env.flag("B", False)
    env.choice("C", ("blue",), "blue")
    env.url("D")
    assert [problem.name for problem in env.problems] == ["A", "B", "C", "D"]
    assert all(problem.message.startswith("must be") for problem in env.problems)


def test_many_processes_agree_on_a_kept_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: kept_secret(tmp_path / "key"), range(40)))
    assert len(secrets) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["key"]
