"""Facts about what the shop sells: garments, their variants, how they can be printed, and where."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from common.models import Record, TextRequest

hex_colour = RegexValidator(r"^#[0-9a-f]{6}$", "Must be a colour such as #1b1b1d.")


class Garment(models.TextChoices):
    """The cuts that have pictures and stage geometry."""

    TEE = "tee"
    HOODIE = "hoodie"


class Placement(models.TextChoices):
    """Where on a garment; the storefront's stage has the first three."""

    FRONT = "front"
    BACK = "back"
    NECK = "neck"
    CENTER_CHEST = "center_chest"
    LEFT_CHEST = "left_chest"
    RIGHT_CHEST = "right_chest"
    UPPER_BACK = "upper_back"
    SLEEVE_LEFT = "sleeve_left"
    SLEEVE_RIGHT = "sleeve_right"
    POCKET = "pocket"


class Product(Record):
    class Status(models.TextChoices):
        ACTIVE = "active"
        DRAFT = "draft"
        ARCHIVED = "archived"

    title = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)
    description = models.TextField(null=True, blank=True)
    garment = models.CharField(max_length=10, choices=Garment, default=Garment.TEE)
    images = models.JSONField(default=list, blank=True)
    materials = models.CharField(max_length=255, null=True, blank=True)
    weight_oz = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    country_of_origin = models.CharField(max_length=100, null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at", "slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "draft", "archived"]), name="product_status_known"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Colour(Record):
    name = models.CharField(max_length=50, unique=True)
    hex = models.CharField(max_length=7, validators=[hex_colour])
    is_dark = models.BooleanField(help_text="Dark garments need a white underbase.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Size(Record):
    name = models.CharField(max_length=10, unique=True)
    position = models.PositiveSmallIntegerField(unique=True)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name


class Variant(Record):
    """A blank that can be bought: one colour and size of a product. Cost never leaves the staff's side."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    colour = models.ForeignKey(Colour, on_delete=models.PROTECT, related_name="+")
    size = models.ForeignKey(Size, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64, unique=True)
    base_cost = models.DecimalField(
        max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    base_price = models.DecimalField(
        max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    stock_level = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Empty: not tracked, the usual case for blanks that are printed to order.",
    )
    image_url = models.CharField(max_length=500, null=True, blank=True)
    storefront_alias = models.CharField(
        max_length=64,
        unique=True,
        null=True,
        blank=True,
        help_text="A fixed id in the storefront, such as hoodie-M.",
    )
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "colour", "size"], name="variant_once_per_colour_and_size"
            ),
            models.CheckConstraint(
                condition=models.Q(base_price__gte=0, base_cost__gte=0), name="variant_amounts_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.sku


class DecorationMethod(Record):
    class Status(models.TextChoices):
        ACTIVE = "active"
        ARCHIVED = "archived"

    name = models.SlugField(max_length=50, unique=True)
    display_name = models.CharField(max_length=100)
    description = models.TextField(null=True, blank=True)
    allowed_products = models.JSONField(default=list, blank=True)
    pricing_rules = models.JSONField(default=dict)
    file_requirements = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.display_name


class PrintArea(Record):
    """Where on a product a method may print, in inches from the physical datum, for a range of sizes."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="print_areas")
    placement = models.CharField(max_length=15, choices=Placement)
    method = models.ForeignKey(DecorationMethod, on_delete=models.PROTECT, related_name="print_areas")
    min_size = models.ForeignKey(
        Size,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: from the smallest.",
    )
    max_size = models.ForeignKey(
        Size,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: to the largest.",
    )
    width_in = models.DecimalField(max_digits=6, decimal_places=3)
    height_in = models.DecimalField(max_digits=6, decimal_places=3)
    collar_offset_in = models.DecimalField(
        max_digits=6, decimal_places=3, help_text="From the collar seam down to the top of the area."
    )
    left_offset_in = models.DecimalField(
        max_digits=6, decimal_places=3, default=0, help_text="From the stage's datum corner to the right."
    )
    safe_margin_in = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    good_dpi = models.PositiveSmallIntegerField(
        default=300, help_text="From this resolution on a print is good."
    )
    okay_dpi = models.PositiveSmallIntegerField(
        default=200, help_text="From here on it is okay; below, poor."
    )
    min_dpi = models.PositiveSmallIntegerField(default=150, help_text="Below, it is bad and refused.")
    max_colours = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: any number.")

    class Meta:
        ordering = ["product", "placement", "method"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "placement", "method", "min_size", "max_size"],
                name="print_area_once_per_size_range",
            ),
            models.UniqueConstraint(
                fields=["product", "placement", "method"],
                condition=models.Q(min_size__isnull=True, max_size__isnull=True),
                name="print_area_one_for_all_sizes",
            ),
            models.CheckConstraint(
                condition=models.Q(width_in__gt=0, height_in__gt=0, safe_margin_in__gte=0),
                name="print_area_has_a_size",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    good_dpi__gte=models.F("okay_dpi"), okay_dpi__gte=models.F("min_dpi"), min_dpi__gt=0
                ),
                name="print_area_thresholds_fall",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.placement} by {self.method}"


class StageView(Record):
    """How the storefront's stage shows one side of a product: the mapping between its pixels and inches.

    `area_left_px` and `area_top_px` are the datum corner, `datum_collar_offset_in` below the collar seam, from which
    the areas of all methods are measured. A row without a colour holds for every colour that has no row of its own (the
    storefront enlarges the backs of white and navy tees only).
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="stage_views")
    placement = models.CharField(max_length=15, choices=Placement)
    colour = models.ForeignKey(Colour, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    stage_width_px = models.FloatField()
    stage_height_px = models.FloatField()
    image_left_px = models.FloatField(default=0)
    image_top_px = models.FloatField(default=0)
    image_width_px = models.FloatField()
    image_height_px = models.FloatField()
    area_left_px = models.FloatField()
    area_top_px = models.FloatField()
    pixels_per_inch = models.FloatField()
    datum_collar_offset_in = models.DecimalField(max_digits=6, decimal_places=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "placement", "colour"], name="stage_view_once_per_colour"
            ),
            models.UniqueConstraint(
                fields=["product", "placement"],
                condition=models.Q(colour__isnull=True),
                name="stage_view_one_for_any_colour",
            ),
            models.CheckConstraint(condition=models.Q(pixels_per_inch__gt=0), name="stage_view_has_a_scale"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.placement} {self.colour or 'any colour'}"


class PlacementConflict(Record):
    """Two placements that cannot both be printed; without a product, on any."""

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, null=True, blank=True, related_name="conflicts"
    )
    first = models.CharField(max_length=15, choices=Placement)
    second = models.CharField(max_length=15, choices=Placement)

    class Meta:
        ordering = ["first", "second"]
        constraints = [
            models.UniqueConstraint(fields=["product", "first", "second"], name="placement_conflict_once"),
            models.UniqueConstraint(
                fields=["first", "second"],
                condition=models.Q(product__isnull=True),
                name="placement_conflict_once_for_all",
            ),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")),
                name="placement_conflict_in_alphabetical_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} or {self.second}"


class SizeMeasurement(Record):
    """One number of a size guide: how long one thing is on one size of a product."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="measurements")
    size = models.ForeignKey(Size, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=50)
    length_in = models.DecimalField(max_digits=6, decimal_places=2)

    class Meta:
        ordering = ["product", "name", "size"]
        constraints = [
            models.UniqueConstraint(fields=["product", "size", "name"], name="size_measurement_once"),
            models.CheckConstraint(condition=models.Q(length_in__gt=0), name="size_measurement_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.size}: {self.name}"


class CatalogueVersion(models.Model):
    """One row, whose token changes with every write to a table behind the catalogue: triggers see to it.

    A token is random and never comes back, not even after a transaction that was rolled back; so whatever is cached
    under a token is right for as long as the token is the row's.
    """

    token = models.CharField(max_length=32)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="catalogue_version_is_one_row")]

    def __str__(self) -> str:
        return self.token


class ProductCopy(Record):
    """A product's description and search texts as Gemini drafted them, until staff approve or reject them.

    The three texts are staff's own words; one that is empty leaves Gemini's in force.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        REJECTED = "rejected"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="copies")
    request = models.ForeignKey(TextRequest, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    description = models.TextField(blank=True)
    seo_title = models.CharField(max_length=70, blank=True)
    seo_description = models.CharField(max_length=170, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "product copies"
        constraints = [
            models.UniqueConstraint(
                fields=["product"], condition=models.Q(status="approved"), name="product_copy_one_approved"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product}: {self.status} copy"
