"""Price books with a history; the formulas and discounts that other tables held become the book `standard`."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

_RATES = {
    "base_price": "base_price",
    "per_color": "per_colour",
    "per_location": "per_location",
    "per_square_inch": "per_square_inch",
    "per_1000_stitches": "per_1000_stitches",
}


def convert(apps, schema_editor):
    PriceBook = apps.get_model("pricing", "PriceBook")
    seen = set()
    for row in PriceBook.objects.order_by("code", "-version"):
        # Of each code, the highest published version was in force, and one draft is enough.
        if (row.code, row.status) in seen:
            row.status = "retired"
        seen.add((row.code, row.status))
        row.published_at = None if row.status == "draft" else row.updated_at
        if "methods" not in row.rules:
            row.rules = {
                "currency": "usd",
                "rounding": "unit",
                "garment": {"description": "Garment with one printed side"},
                **row.rules,
                "methods": {"dtg": {"kind": "included"}},
            }
        row.save()
    if not PriceBook.objects.filter(code="standard").exists():
        _add_standard(apps, PriceBook)


def _add_standard(apps, PriceBook):
    methods = {
        method.name: _formula(method.pricing_rules, method.file_requirements)
        for method in apps.get_model("products", "DecorationMethod").objects.filter(status="active")
        if method.pricing_rules
    }
    if not methods:
        return  # a new database: `seed_prices` fills it
    rules = {"currency": "usd", "rounding": "line", "garment": {"description": "Garment"}, "methods": methods}
    percents = {
        rule.min_quantity: format(rule.percent, "f")
        for rule in apps.get_model("pricing", "QuantityDiscountRule")
        .objects.filter(active=True)
        .order_by("priority")
    }
    if percents:
        rules["quantity_discounts"] = [{"from": start, "percent": percents[start]} for start in sorted(percents)]
    book = PriceBook.objects.create(code="standard", version=1, status="draft", rules=rules)
    book.status, book.published_at = "published", book.created_at
    book.save()


def _formula(rules, requirements):
    formula = {"kind": "formula"}
    formula |= {new: str(rules[old]) for old, new in _RATES.items() if old in rules}
    if requirements.get("max_colors"):
        formula["max_colours"] = requirements["max_colors"]
    breaks = rules.get("quantity_breaks") or [{"min": 1, "multiplier": "1.00"}]
    formula["breaks"] = [{"from": step["min"], "multiplier": str(step["multiplier"])} for step in breaks]
    return formula


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("pricing", "0001_initial"),
        ("products", "0001_initial"),
    ]

    operations = [
        migrations.AddField("pricebook", "notes", models.TextField(blank=True, help_text="What changes and why, for colleagues.", default=""), preserve_default=False),
        migrations.AddField(
            "pricebook",
            "allows_rising_prices",
            models.BooleanField(default=False, help_text="Somebody has accepted that more pieces may cost more each."),
        ),
        migrations.AddField("pricebook", "published_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "pricebook",
            "rules",
            models.JSONField(help_text='Amounts are strings: {"second_side": "5.00", ...}. See docs/PRICING.md.'),
        ),
        migrations.RunPython(convert, migrations.RunPython.noop),
        migrations.AddField(
            "pricebook",
            "published_by",
            models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "pricebook",
            models.UniqueConstraint(fields=["code"], condition=Q(status="published"), name="price_book_published_once"),
        ),
        migrations.AddConstraint(
            "pricebook",
            models.UniqueConstraint(fields=["code"], condition=Q(status="draft"), name="price_book_draft_once"),
        ),
        migrations.AddConstraint(
            "pricebook",
            models.CheckConstraint(
                condition=Q(status__in=["draft", "published", "retired"]), name="price_book_status_known"
            ),
        ),
        migrations.AddConstraint(
            "pricebook",
            models.CheckConstraint(
                condition=Q(status="draft", published_at__isnull=True)
                | (~Q(status="draft") & Q(published_at__isnull=False)),
                name="price_book_published_at_known",
            ),
        ),
        migrations.DeleteModel("QuantityDiscountRule"),
    ]
