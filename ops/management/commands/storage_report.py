import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ops.report import Amount, StorageReport, storage_report


class Command(BaseCommand):
    help = "Bytes by kind, what compression saved, and the files that nobody needs any more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="For programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        report = storage_report()
        if options["json"]:
            self.stdout.write(json.dumps(_figures(report)))
        else:
            self._table(report)

    def _table(self, report: StorageReport) -> None:
        self.stdout.write(f"{'kind':<16}{'files':>8}{'bytes':>16}")
        for kind, amount in sorted(report.by_kind.items(), key=lambda item: -item[1].size_bytes):
            self._row(kind, amount)
        self._row("total", report.total)
        for store, amount in report.by_store.items():
            self._row(f"  in {store}", amount)
        self.stdout.write(
            f"\ndisplay pictures have {report.compressed.size_bytes:,} bytes instead of "
            f"{report.compressed_from_bytes:,}: {report.saved_bytes:,} saved ({report.saved_percent:.1f} %)\n\norphans"
        )
        self._row("  expired", report.expired)
        self._row("  without a row", report.unreferenced)
        if report.missing:
            self.stdout.write(self.style.ERROR(f"\n{len(report.missing)} files are in no store:"))
            for name in report.missing[:50]:
                self.stdout.write(f"  {name}")

    def _row(self, name: str, amount: Amount) -> None:
        self.stdout.write(f"{name:<16}{amount.files:>8}{amount.size_bytes:>16,}")


def _figures(report: StorageReport) -> dict[str, Any]:
    return {
        **asdict(report),
        "total": asdict(report.total),
        "saved_bytes": report.saved_bytes,
        "saved_percent": round(report.saved_percent, 1),
    }
