"""Gang sheets of paid prints for transfer film: choosing the prints, packing them, drawing the film."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from django.core.files import File
from django.db import transaction

from common.errors import Unprocessable
from common.storage import private_storage, random_name
from orders.models import GangSheet, ProductionPack
from orders.production.film import draw_sheet, print_sizes
from orders.production.gang_sheet import DoesNotFit, Print, Sheet, gang
from orders.production.tasks import ring_gang
from orders.production.worklist import packs_open

log = structlog.get_logger(__name__)

FILM_METHOD = "dtf"
MOST_PRINTS = 500


class _PrintsMissing(ValueError):
    """A pack that was chosen has no file any more."""

    code = "pack_not_ready"


@transaction.atomic
def gang_request(pack_ids: Sequence[UUID], *, actor: str) -> GangSheet:
    """Asks for a sheet of these packs, or of all open transfer prints where none are named.

    Raises Unprocessable for packs that are unknown or not built, of another method, and where nothing is to be printed.
    """
    packs = packs_open().filter(status=ProductionPack.Status.DONE, line__method=FILM_METHOD)
    packs = packs.exclude(stage="rejected").filter(line__order__hold_reason="")
    if pack_ids:
        packs = packs.filter(pk__in=pack_ids)
    chosen = [pack for pack in packs if pack.facts.get("placements")]
    missing = set(pack_ids) - {pack.pk for pack in chosen}
    if missing or not chosen:
        raise Unprocessable(
            "These are no open, finished packs of transfer prints."
            if missing
            else "No transfer print is waiting.",
            code="nothing_to_gang",
            extra={"packs": sorted(map(str, missing))},
        )
    prints = sum(pack.line.quantity * len(pack.facts["placements"]) for pack in chosen)
    if prints > MOST_PRINTS:
        raise Unprocessable(f"A sheet takes {MOST_PRINTS} prints, not {prints}.", code="too_many_prints")
    sheet = GangSheet.objects.create(prints=[str(pack.pk) for pack in chosen], actor=actor)
    ring_gang(str(sheet.pk))
    return sheet


def gang_build(gang_id: str) -> None:
    """Packs and draws the sheet if it is ours to draw. What can never be drawn fails; what crashed is tried again."""
    row = GangSheet.claim(gang_id)
    if row is None:
        return
    try:
        _build(row)
    except (DoesNotFit, _PrintsMissing) as error:
        row.fail(error.code, str(error), retryable=False)
    except Exception as error:
        delay = row.fail("internal_error", type(error).__name__, retryable=True)
        log.exception("gang.crashed", gang_id=gang_id, again=delay is not None)
        if delay is not None:
            ring_gang(gang_id, countdown_s=delay.total_seconds())


def _build(row: GangSheet) -> None:
    art, prints = _prints(row)
    sheets = gang(prints)
    used = sum(placed.width_px * placed.height_px for sheet in sheets for placed in sheet.prints)
    utilisation = 100.0 * used / sum(sheet.width_px * sheet.height_px for sheet in sheets)
    layout = {
        "schema_version": "1.0",
        "utilisation_percent": round(utilisation, 2),
        "sheets": [
            {"file": f"gang-{number}.png", **sheet.to_dict()} for number, sheet in enumerate(sheets, 1)
        ],
    }
    with tempfile.TemporaryFile() as zipped:
        with zipfile.ZipFile(zipped, "w") as archive:
            for number, sheet in enumerate(sheets, start=1):
                _add_sheet(archive, f"gang-{number}.png", sheet, art)
                row.note()
            archive.writestr(
                zipfile.ZipInfo("gang.json", date_time=(1980, 1, 1, 0, 0, 0)),
                json.dumps(layout, sort_keys=True, indent=2),
            )
        zipped.seek(0)
        name = private_storage().save(f"packs/gang-{random_name('zip')}", File(zipped))
    if not row.finish(file=name, layout=layout, utilisation_percent=round(utilisation, 2)):
        private_storage().delete(name)


def _add_sheet(archive: zipfile.ZipFile, name: str, sheet: Sheet, art: dict[str, bytes]) -> None:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    with archive.open(entry, "w") as out:
        draw_sheet(sheet, lambda key: art[key.partition("#")[0]], out)


def _prints(row: GangSheet) -> tuple[dict[str, bytes], list[Print]]:
    """The art of each print as PNG by `<order>-<line>/<placement>`, and each garment's print under `<that>#<n>`."""
    art: dict[str, bytes] = {}
    quantities: dict[str, int] = {}
    packs = ProductionPack.objects.select_related("line__order").filter(pk__in=row.prints)
    for pack in packs.order_by("line__order__number", "line__number"):
        for placement, data in _art_of(pack).items():
            key = f"{pack.line.order.number}-{pack.line.number}/{placement}"
            art[key], quantities[key] = data, pack.line.quantity
    if len(packs) != len(row.prints):
        raise _PrintsMissing("A pack of this sheet is gone.")
    sizes = print_sizes(art)
    prints = [
        Print(f"{key}#{number}", *sizes[key]) for key in art for number in range(1, quantities[key] + 1)
    ]
    return art, prints


def _art_of(pack: ProductionPack) -> dict[str, bytes]:
    if pack.status != ProductionPack.Status.DONE or not pack.file:
        raise _PrintsMissing(f"{pack} is not built.")
    with private_storage().open(pack.file, "rb") as file, zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if "/art/" in name]
        return {name.rpartition("/")[2].removesuffix(".png"): archive.read(name) for name in sorted(names)}


def gang_answer(row: GangSheet) -> dict[str, Any]:
    """A sheet as staff read it."""
    return {
        "id": str(row.pk),
        "status": row.status,
        "error": row.error_message,
        "packs": row.prints,
        "utilisation_percent": row.utilisation_percent,
        "layout": row.layout or None,
        "created_at": row.created_at.isoformat(),
    }
