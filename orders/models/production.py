"""What the printer gets, who the printers are, what they report, and what they send out."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import Record
from common.work import WorkItem
from orders.models.order import Order, OrderLine
from orders.production.stages import STAGES


class Printer(Record):
    """A print shop that works for us."""

    name = models.CharField(max_length=80, unique=True)
    email = models.EmailField(blank=True, help_text="Where links to finished packs go; empty: no mail.")
    methods = models.JSONField(
        default=list, blank=True, help_text='What it prints, such as ["dtg", "dtf"]; empty: everything.'
    )
    active = models.BooleanField(default=True)
    staff = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="printers",
        help_text="Accounts of the role printer that see this printer's packs in the admin, and no others.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PrinterKey(Record):
    """What a printer signs its reports with. The secret is derived from `SECRET_KEY` and stands in no row.

    Rotation makes a new key and gives the old one an end, so that both hold in between.
    """

    printer = models.ForeignKey(Printer, on_delete=models.PROTECT, related_name="keys")
    key_id = models.CharField(max_length=40, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is rotated.")
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["printer", "-created_at"]

    def __str__(self) -> str:
        return f"{self.key_id} of {self.printer}"

    def is_valid(self, now: datetime) -> bool:
        """Whether a report signed with it counts at this moment."""
        return self.printer.active and (self.expires_at is None or now < self.expires_at)


class ProductionPack(WorkItem):
    """The zip of one line: art at true size, mock-ups, spec sheet, JSON and manifest; and how far the line has come."""

    line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="pack")
    printer = models.ForeignKey(
        Printer, on_delete=models.PROTECT, null=True, blank=True, related_name="packs"
    )
    stage = models.CharField(max_length=15, choices=[(stage, stage) for stage in STAGES], default="waiting")
    file = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    input_hash = models.CharField(
        max_length=64, blank=True, help_text="Of everything the file is made from: equal inputs, no new file."
    )
    report = models.JSONField(
        default=list, blank=True, help_text="The findings of the pack's check of itself."
    )
    facts = models.JSONField(
        default=dict, blank=True, help_text="What the work list shows: placements, sizes, inks, seconds."
    )
    waived_points = models.JSONField(
        default=list, blank=True, help_text="Points of the checklist that staff let pass for this line."
    )
    due_on = models.DateField(null=True, blank=True, db_index=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    link_number = models.PositiveIntegerField(
        default=0, help_text="Counts the links; a new one ends the last."
    )
    link_sha256 = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    link_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["line"]
        indexes = [models.Index(fields=["status", "available_at"], name="pack_due")]
        constraints = [
            models.CheckConstraint(condition=~Q(status="done") | ~Q(file=""), name="pack_done_has_a_file"),
            models.CheckConstraint(condition=Q(stage__in=list(STAGES)), name="pack_stage_known"),
            models.CheckConstraint(
                condition=Q(link_sha256__isnull=True) | Q(link_expires_at__isnull=False),
                name="pack_link_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"pack of {self.line}"


class PackEvent(Record):
    """What happened to a pack: built, sent, downloaded, accepted, ... Rows are only ever added."""

    class Kind(models.TextChoices):
        BUILT = "built"
        UNCHANGED = "unchanged"
        REFUSED = "refused"
        SENT = "sent"
        DOWNLOADED = "downloaded"
        MOVED = "moved"
        REBUILD = "rebuild"
        WAIVED = "waived"
        REVOKED = "revoked"

    pack = models.ForeignKey(ProductionPack, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    actor = models.CharField(max_length=120)
    details = models.JSONField(default=dict, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.pack}: {self.kind}"


class PrinterEvent(Record):
    """One report of a printer, once: the constraint is what makes a replay do nothing."""

    source = models.CharField(max_length=64, help_text="The printer's id; `settings` for a key of .env.")
    event_id = models.CharField(max_length=100)
    body_sha256 = models.CharField(max_length=64)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="printer_events")
    status = models.CharField(max_length=20)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["source", "event_id"], name="printer_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} from {self.source}"


class Shipment(Record):
    """One parcel of an order. An order may leave in several."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    printer = models.ForeignKey(Printer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    carrier = models.CharField(max_length=50, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    shipped_at = models.DateTimeField()

    class Meta:
        ordering = ["shipped_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "carrier", "tracking_number"],
                condition=~Q(tracking_number=""),
                name="shipment_once_per_tracking_number",
            ),
        ]

    def __str__(self) -> str:
        return f"parcel {self.tracking_number or 'without a number'} of {self.order}"


class ShipmentLine(Record):
    """How many garments of a line lie in a parcel. The service keeps the sum within the line's quantity, under the
    order's lock."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipped")
    quantity = models.PositiveIntegerField()

    class Meta:
        ordering = ["shipment", "line"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "line"], name="shipment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="shipment_line_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line}"


class Reprint(Record):
    """Garments made again at no price: which line, why, and the order that makes them."""

    class Defect(models.TextChoices):
        MISPRINT = "misprint", "printed in the wrong place or turned"
        COLOUR = "colour", "wrong or weak colour"
        ADHESION = "adhesion", "peels, cracks or washes out"
        GARMENT = "garment", "the garment is damaged or wrong"
        LOST = "lost", "lost or damaged on the way"
        ARTWORK = "artwork", "our file was wrong"
        OTHER = "other", "something else; see the note"

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="reprints")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="reprint")
    quantity = models.PositiveIntegerField()
    defect = models.CharField(max_length=12, choices=Defect)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=100)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="reprint_not_empty"),
        ]

    def __str__(self) -> str:
        return f"reprint of {self.line}: {self.defect}"


class GangSheet(WorkItem):
    """Prints of several lines on film of one width; a zip of one PNG and one JSON for each length of film."""

    prints = models.JSONField(help_text="The packs' ids, in the order in which they were chosen.")
    file = models.CharField(max_length=200, blank=True)
    layout = models.JSONField(
        default=dict, blank=True, help_text="Sheets, utilisation, where each print lies."
    )
    utilisation_percent = models.FloatField(default=0)
    actor = models.CharField(max_length=100)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(status="done") | ~Q(file=""), name="gang_done_has_a_file"),
        ]

    def __str__(self) -> str:
        return f"gang sheet of {len(self.prints)} prints"
