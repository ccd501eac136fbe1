"""What the stores hold: bytes by kind, what compression saved, what nobody needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Sum
from django.utils import timezone

from common.storage import area_storage
from ops.files import referenced_files
from ops.orphans import expired_uploads, unreferenced_files
from uploads.models import Asset
from uploads.storage.models import StoredObject


@dataclass
class Amount:
    """A number of files and their bytes."""

    files: int = 0
    size_bytes: int = 0

    def add(self, size_bytes: int) -> None:
        self.files += 1
        self.size_bytes += size_bytes


@dataclass
class StorageReport:
    """`by_kind` counts every file of every row; `missing` are files that a row names and no store has."""

    by_kind: dict[str, Amount] = field(default_factory=dict)
    by_store: dict[str, Amount] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    compressed: Amount = field(default_factory=Amount)
    compressed_from_bytes: int = 0
    expired: Amount = field(default_factory=Amount)
    unreferenced: Amount = field(default_factory=Amount)

    @property
    def total(self) -> Amount:
        amounts = self.by_kind.values()
        return Amount(sum(each.files for each in amounts), sum(each.size_bytes for each in amounts))

    @property
    def saved_bytes(self) -> int:
        """What browsers do not load because they get the display pictures and not the originals."""
        return self.compressed_from_bytes - self.compressed.size_bytes

    @property
    def saved_percent(self) -> float:
        return 100 * self.saved_bytes / self.compressed_from_bytes if self.compressed_from_bytes else 0.0


def storage_report(*, now: datetime | None = None) -> StorageReport:
    """Asks the store for each file whose size no row records, and lists the stores to find what has no row."""
    now = now or timezone.now()
    report = StorageReport()
    display_bytes: dict[str, int] = {}
    for file in referenced_files():
        size_bytes = file.size_bytes
        if size_bytes is None:
            try:
                size_bytes = area_storage(file.area).size(file.name)
            except FileNotFoundError:
                report.missing.append(f"{file.area}/{file.name}")
                continue
        report.by_kind.setdefault(file.kind, Amount()).add(size_bytes)
        if file.kind == "display":
            display_bytes[file.name] = size_bytes
    _add_savings(report, display_bytes)
    _add_stores(report)
    _add_orphans(report, now)
    return report


def _add_savings(report: StorageReport, display_bytes: dict[str, int]) -> None:
    """Uploads only: a cut-out is our own file, and its display picture the very same bytes."""
    uploads = Asset.objects.filter(kind=Asset.Kind.UPLOAD).values_list("public_name", "file_size")
    for name, original_bytes in uploads.iterator():
        if name in display_bytes:
            report.compressed.add(display_bytes[name])
            report.compressed_from_bytes += original_bytes


def _add_stores(report: StorageReport) -> None:
    """What has moved. Nothing is said about a shop that has one store."""
    if not settings.R2_BUCKET_NAME:
        return
    rows = StoredObject.objects.filter(store=StoredObject.Store.R2)
    moved = rows.aggregate(files=Count("pk"), size_bytes=Sum("size_bytes"))
    report.by_store["r2"] = Amount(moved["files"], moved["size_bytes"] or 0)
    total = report.total
    report.by_store["home"] = Amount(
        total.files - report.by_store["r2"].files, total.size_bytes - report.by_store["r2"].size_bytes
    )


def _add_orphans(report: StorageReport, now: datetime) -> None:
    found = expired_uploads(now).order_by().aggregate(files=Count("pk"), size_bytes=Sum("file_size"))
    report.expired = Amount(found["files"], found["size_bytes"] or 0)
    for area, name in unreferenced_files(now=now):
        report.unreferenced.add(area_storage(area).size(name))
