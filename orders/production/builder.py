"""Builds the pack of one line: read its rows, assemble, check the finished zip, store, hand over."""

from __future__ import annotations

import hashlib
import io
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

import structlog
from django.db import transaction
from PIL import Image

from common.storage import private_storage, public_storage, random_name, write_file
from designs.rendering import NothingToPrint
from orders import lifecycle
from orders.models import OrderLine, PackEvent, ProductionPack
from orders.production.assembly import Packed, assemble
from orders.production.handoff import new_link, packs_hand_over
from orders.production.inputs import PackRefused, input_hash, line_inputs, order_facts
from orders.production.pack_check import Finding, check_pack, may_be_released, summary
from orders.production.spec import PackSpec
from orders.production.tasks import ring_pack

log = structlog.get_logger(__name__)

_PUBLIC_MOCKUP_WIDTH_PX = 1000
_PUBLIC_VIEWS = ("front", "back")


def build(pack_id: str) -> None:
    """Builds the pack if it is ours to build. What cannot be printed holds the order; what crashed is tried again."""
    pack = ProductionPack.claim(pack_id)
    if pack is None:
        return
    started = time.monotonic()
    line = _line(pack)
    try:
        _build(pack, line)
    except PackRefused as error:
        pack.fail(error.code, str(error), retryable=False)
        PackEvent.objects.create(
            pack=pack,
            kind=PackEvent.Kind.REFUSED,
            actor="system",
            details={"code": error.code},
            note=str(error),
        )
        lifecycle.order_hold(
            line.order, reason=error.code, actor="system", note=f"line {line.number}: {error}"
        )
        return
    except Exception as error:
        delay = pack.fail("internal_error", type(error).__name__, retryable=True)
        log.exception("pack.crashed", pack_id=pack_id, again=delay is not None)
        if delay is None:
            lifecycle.order_hold(line.order, reason="pack_failed", actor="system", note=f"line {line.number}")
        else:
            ring_pack(pack_id, countdown_s=delay.total_seconds())
        return
    log.info("pack.done", pack_id=pack_id, seconds=round(time.monotonic() - started, 2))


def _line(pack: ProductionPack) -> OrderLine:
    return OrderLine.objects.select_related("order", "variant__product", "variant__size", "quote").get(
        pk=pack.line_id
    )


def _build(pack: ProductionPack, line: OrderLine) -> None:
    inputs = line_inputs(line)
    made_of = input_hash(line, inputs)
    if pack.file and pack.input_hash == made_of and private_storage().exists(pack.file):
        _record(pack, line, {}, {}, PackEvent.Kind.UNCHANGED)
        return
    try:
        packed = assemble(inputs, after_each=pack.note)
    except NothingToPrint as error:
        raise PackRefused(error.code, str(error)) from error
    with packed.phase("check"):
        findings = check_pack(packed.data, order=order_facts(_line(pack)), waived=pack.waived_points)
    report = [asdict(finding) for finding in findings]
    if not may_be_released(findings):
        ProductionPack.objects.filter(pk=pack.pk).update(report=report)
        raise PackRefused("pack_check_failed", _reasons(findings))
    spec = packed.spec
    if spec is None:
        raise ValueError("an assembled pack has its spec")
    name = write_file(private_storage(), f"packs/{spec.pack_name}-{random_name('zip')}", packed.data)
    public_names = _publish_mockups(packed)
    fields = {
        "file": name,
        "sha256": hashlib.sha256(packed.data).hexdigest(),
        "size_bytes": len(packed.data),
        "input_hash": made_of,
        "report": report,
        "facts": _facts(spec, packed, findings),
        "due_on": spec.due,
    }
    if not _record(pack, line, fields, public_names, PackEvent.Kind.BUILT):
        private_storage().delete(name)
        for public_name in public_names.values():
            public_storage().delete(public_name)


def _record(
    pack: ProductionPack,
    line: OrderLine,
    fields: dict[str, Any],
    public_names: dict[str, str],
    kind: PackEvent.Kind,
) -> bool:
    """Writes the result, and hands the order over if this was its last pack; False where the pack is no longer ours.

    One commit: a done pack is not built again, so whatever failed after it would never happen.
    """
    replaced = pack.file if fields else ""
    with transaction.atomic():
        lifecycle.order_lock(line.order_id)  # parent before child
        link = {} if pack.link_sha256 else new_link(pack)
        if not pack.finish(**fields, **link):
            return False
        if public_names:
            OrderLine.objects.filter(pk=line.pk).update(
                front_mockup_name=public_names["front"], back_mockup_name=public_names["back"]
            )
        PackEvent.objects.create(
            pack=pack, kind=kind, actor="system", details={"sha256": fields.get("sha256", pack.sha256)}
        )
        packs_hand_over(line.order)
    if replaced:
        private_storage().delete(replaced)
    return True


def _reasons(findings: list[Finding]) -> str:
    """What failed, with its numbers, as staff read it on the hold."""
    return "; ".join(
        f"point {finding.rule}, {finding.name}: {finding.detail}"
        + "".join(f" {name} {value:g}" for name, value in finding.numbers.items())
        for finding in findings
        if finding.blocking and not finding.ok
    )


def _facts(spec: PackSpec, packed: Packed, findings: list[Finding]) -> dict[str, Any]:
    """What lists and pages show of the pack without opening it."""
    states = Counter(row["state"] for row in summary(findings))
    return {
        "placements": [
            {
                "placement": placement.placement,
                "width_in": round(placement.width_in, 2),
                "height_in": round(placement.height_in, 2),
                "width_px": placement.width_px,
                "height_px": placement.height_px,
                "dpi": round(placement.effective_dpi),
                "colours": [colour.hex for colour in placement.colours],
                "inks": placement.inks.counted,
            }
            for placement in spec.placements
        ],
        "underbase": spec.underbase,
        "points": dict(states),
        "seconds": packed.seconds,
    }


def _publish_mockups(packed: Packed) -> dict[str, str]:
    """Small mock-ups under unguessable names, by view: the admin page loads pictures without a token."""
    return {
        view: write_file(public_storage(), random_name("jpg"), _small_jpeg(packed.mockups[view]))
        for view in _PUBLIC_VIEWS
    }


def _small_jpeg(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        small = picture.convert("RGB")
    small.thumbnail((_PUBLIC_MOCKUP_WIDTH_PX, _PUBLIC_MOCKUP_WIDTH_PX))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=88, progressive=True, optimize=True)
    return buffer.getvalue()
