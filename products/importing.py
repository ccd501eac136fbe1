"""The catalogue as a sheet, CSV or XLSX: a row per variant, told apart by its SKU. One bad row: nothing is applied."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from import_export import fields, resources, widgets
from import_export.results import Result
from tablib import Dataset

from products.models import Colour, Product, Size, Variant, hex_colour

FORMATS = {".csv": "csv", ".xlsx": "xlsx"}
_ROWS_REQUIRED = ("sku", "product_slug", "colour", "size", "base_cost", "base_price")


class _Named(widgets.ForeignKeyWidget):
    """Another table's row by its name; made from the sheet's own columns where it is new."""

    def __init__(self, model: Any, field: str) -> None:
        super().__init__(model, field)

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            raise ValueError("This column must not be empty.")
        return self.model.objects.filter(**{self.field: text}).first() or self.make(text, row or {})

    def make(self, text: str, row: Any) -> Any:
        raise ValueError(f"{text!r} is not known.")


class _ProductWidget(_Named):
    def make(self, text: str, row: Any) -> Product:
        title = str(row.get("product_title") or "").strip()
        if not title:
            raise ValueError(f"The product {text!r} is new and needs a product_title.")
        product = Product(slug=text, title=title, garment=row.get("garment") or "tee")
        product.full_clean()
        product.save()
        return product


class _ColourWidget(_Named):
    def make(self, text: str, row: Any) -> Colour:
        value = str(row.get("colour_hex") or "").strip().lower()
        if not value:
            raise ValueError(f"The colour {text!r} is new and needs a colour_hex.")
        hex_colour(value)
        is_dark = str(row.get("colour_is_dark") or "").strip().lower() in {"1", "true", "yes"}
        return Colour.objects.create(name=text, hex=value, is_dark=is_dark)


class _SizeWidget(_Named):
    def make(self, text: str, row: Any) -> Size:
        last = Size.objects.order_by("-position").values_list("position", flat=True).first()
        return Size.objects.create(name=text, position=0 if last is None else last + 1)


class _AmountWidget(widgets.DecimalWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal:
        amount = super().clean(value, row, **kwargs)
        if amount is None:
            raise ValueError("This column must not be empty.")
        if not amount.is_finite() or amount < 0 or amount != round(amount, 2):
            raise ValueError(f"{value!r} is not an amount such as 12.98.")
        return Decimal(amount)


class VariantResource(resources.ModelResource):
    """The columns of the sheet. Cost is among them: the sheet is for staff."""

    product_slug = fields.Field(
        column_name="product_slug", attribute="product", widget=_ProductWidget(Product, "slug")
    )
    product_title = fields.Field(column_name="product_title", attribute="product__title", readonly=True)
    garment = fields.Field(column_name="garment", attribute="product__garment", readonly=True)
    colour = fields.Field(column_name="colour", attribute="colour", widget=_ColourWidget(Colour, "name"))
    colour_hex = fields.Field(column_name="colour_hex", attribute="colour__hex", readonly=True)
    colour_is_dark = fields.Field(
        column_name="colour_is_dark",
        attribute="colour__is_dark",
        widget=widgets.BooleanWidget(),
        readonly=True,
    )
    size = fields.Field(column_name="size", attribute="size", widget=_SizeWidget(Size, "name"))
    base_cost = fields.Field(column_name="base_cost", attribute="base_cost", widget=_AmountWidget())
    base_price = fields.Field(column_name="base_price", attribute="base_price", widget=_AmountWidget())

    class Meta:
        model = Variant
        import_id_fields = ("sku",)
        fields = (
            "sku", "product_slug", "product_title", "garment", "colour", "colour_hex", "colour_is_dark", "size",
            "base_cost", "base_price", "stock_level",
        )  # fmt: skip
        export_order = fields
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True
        use_transactions = True

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        missing = [name for name in _ROWS_REQUIRED if name not in (dataset.headers or [])]
        if missing:
            raise ValueError(f"The sheet lacks the column(s) {', '.join(missing)}.")

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("product", "colour", "size").order_by("sku")


def read_sheet(path: Path) -> Dataset:
    """Raises ValueError for a format that is neither CSV nor XLSX, or a file that is not what its name says."""
    kind = _format(path)
    try:
        data = path.read_bytes()
        return Dataset().load(data if kind == "xlsx" else data.decode("utf-8-sig"), format=kind)
    except (UnicodeDecodeError, KeyError, OSError) as error:
        raise ValueError(f"{path.name} cannot be read as {kind}: {error}") from error
    except Exception as error:  # tablib lets through whatever its format libraries raise
        raise ValueError(f"{path.name} cannot be read as {kind}: {type(error).__name__}") from error


def write_sheet(path: Path) -> int:
    """Writes all variants and returns how many. Cells that a spreadsheet would run as a formula are disarmed."""
    dataset = VariantResource().export()
    data = dataset.export(_format(path), **({"escape": True} if _format(path) == "xlsx" else {}))
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return len(dataset)


def _format(path: Path) -> str:
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path.name} must end in {' or '.join(FORMATS)}.")
    return FORMATS[path.suffix.lower()]


def import_sheet(dataset: Dataset, *, dry_run: bool) -> Result:
    """Applies the sheet, or only says what it would do. With one bad row nothing is applied; the result has all."""
    return VariantResource().import_data(
        dataset, dry_run=dry_run, raise_errors=False, rollback_on_validation_errors=True
    )


def errors_of(result: Result) -> list[str]:
    """Each error with its row, as the sheet counts them below its headings, and its column where it has one."""
    found = [str(error.error) for error in result.base_errors]
    found += [f"row {number}: {error.error}" for number, errors in result.row_errors() for error in errors]
    for invalid in result.invalid_rows:
        for column, messages in invalid.error.message_dict.items():
            found += [f"row {invalid.number}, {column}: {message}" for message in messages]
    return found
