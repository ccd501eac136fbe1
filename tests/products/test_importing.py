"""Sheets in and out: a dry run, every error with its row, and nothing half-applied."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from tablib import Dataset

from accounts.models import User
from products.models import Colour, Product, Size, Variant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
HEADERS = (
    "sku", "product_slug", "product_title", "garment", "colour", "colour_hex", "colour_is_dark", "size", "base_cost",
    "base_price", "stock_level",
)  # fmt: skip
GOOD = ("CAP-RED-M", "cap", "Cap", "tee", "Red", "#cc2233", "true", "M", "3.00", "9.50", "")


def sheet(path: Path, *rows: tuple[str, ...], headers: tuple[str, ...] = HEADERS) -> Path:
    data = Dataset(*rows, headers=headers).export(path.suffix.lstrip("."))
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def run(name: str, *arguments: Any) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def state() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Product, Colour, Size, Variant)]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_comes_back_unchanged(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"all.{kind}"
    assert "20 variants" in run("export_catalogue", path)
    before = state()
    assert run("import_catalogue", path).strip() == "0 new, 0 changed, 20 unchanged"
    assert state() == before


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_dry_run_says_and_a_run_does(tmp_path: Path, kind: str) -> None:
    changed = ("TEE-BLK-M", "classic-tee", "", "", "Black", "", "", "M", "5.00", "13.50", "7")
    path = sheet(tmp_path / f"a.{kind}", GOOD, changed)
    before = state()
    assert run("import_catalogue", path, "--dry-run").strip() == "would be: 1 new, 1 changed, 0 unchanged"
    assert state() == before
    assert run("import_catalogue", path).strip() == "1 new, 1 changed, 0 unchanged"
    cap = Variant.objects.select_related("product", "colour", "size").get(sku="CAP-RED-M")
    assert (cap.product.title, cap.colour.hex, cap.colour.is_dark, cap.size.name) == (
        "Cap",
        "#cc2233",
        True,
        "M",
    )
    tee = Variant.objects.get(sku="TEE-BLK-M")
    assert (tee.base_price, tee.stock_level) == (Decimal("13.50"), 7)
    assert run("import_catalogue", path).strip() == "0 new, 0 changed, 2 unchanged"


def bad(**changes: str) -> tuple[str, ...]:
    row = dict(zip(HEADERS, GOOD, strict=True)) | {"sku": "BAD"} | changes
    return tuple(row[name] for name in HEADERS)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (bad(base_price="-1"), "not an amount"),
        (bad(base_price="1.234"), "not an amount"),
        (bad(base_price="cheap"), "row 2"),
        (bad(base_cost=""), "must not be empty"),
        (bad(product_slug=""), "must not be empty"),
        (bad(product_slug="unknown", product_title=""), "needs a product_title"),
        (bad(colour="Mauve", colour_hex=""), "needs a colour_hex"),
        (bad(colour="Mauve", colour_hex="mauve"), "Must be a colour"),
        (bad(stock_level="-3"), "row 2"),
        (bad(), "row 2"),  # the first row's colour and size once more
    ],
)
def test_one_bad_row_applies_nothing_and_is_named(
    tmp_path: Path, row: tuple[str, ...], complaint: str
) -> None:
    before = state()
    with pytest.raises(CommandError) as error:
        run("import_catalogue", sheet(tmp_path / "a.csv", GOOD, row))
    assert "nothing was applied" in str(error.value) and complaint in str(error.value)
    assert "row 2" in str(error.value)
    assert state() == before


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", b"sku\n", "must end in"),
        ("a.xlsx", b"not a workbook", "cannot be read"),
        ("a.csv", b"\xff\xfe\x00", "cannot be read"),
        ("a.csv", b"sku,size\nA,M\n", "lacks the column"),
    ],
)
def test_what_is_no_sheet_is_refused(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CommandError, match=complaint):
        run("import_catalogue", path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run("import_catalogue", tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("role", "status"), [(User.Role.OWNER, 200), (User.Role.CUSTOMER, 302), (User.Role.PRINTER, 403)]
)
def test_the_admins_sheet_is_for_those_who_run_the_shop(role: str, status: int) -> None:
    client = Client()
    client.force_login(User.objects.create_user("x@example.com", None, name="X", role=role))
    assert client.get("/admin/products/variant/import/").status_code == status
    assert client.get("/admin/products/variant/export/").status_code == status


def test_the_admin_shows_the_difference_before_it_applies_anything(tmp_path: Path) -> None:
    client = Client()
    client.force_login(User.objects.create_user("x@example.com", None, name="X", role=User.Role.OWNER))
    path = sheet(
        tmp_path / "a.csv", ("TEE-BLK-M", "classic-tee", "", "", "Black", "", "", "M", "5.00", "13.50", "")
    )
    before = state()
    with path.open("rb") as file:
        answer = client.post("/admin/products/variant/import/", {"import_file": file, "format": "0"})
    assert answer.status_code == 200
    assert b"<ins" in answer.content and b"Confirm import" in answer.content
    assert state() == before
