"""Builds the pack of one line: read the originals, render, describe, zip, check the finished zip, store, hand over."""

from __future__ import annotations

import hashlib
import io
import math
import time
from dataclasses import asdict, dataclass

import structlog
from django.conf import settings
from django.db import transaction
from PIL import Image

from common.storage import private_storage, public_storage, random_name, read_file, write_file
from designs.geometry import StageView
from designs.rendering import NothingToPrint, PlacedArtwork, PrintArt, render_mockup, render_print_art
from designs.stage import position_of, stage_views
from orders import lifecycle
from orders.models import OrderLine, ProductionPack
from orders.production.handoff import packs_hand_over
from orders.production.pack import build_pack
from orders.production.pack_check import check_pack, may_be_released
from orders.production.print_art import dominant_colours, print_png
from orders.production.sheet import spec_sheet
from orders.production.spec import PackSpec, PlacementSpec, describe_placement
from orders.production.tasks import ring_pack
from products.garments.tint import garment_picture
from products.models import DecorationMethod
from uploads.imaging.sandbox import read_picture

log = structlog.get_logger(__name__)

_MOCKUP_VIEWS = ("front", "back")
_MOCKUP_WIDTH_PX = 2000  # printers ask for at least that
_PUBLIC_MOCKUP_WIDTH_PX = 1000


class PackRefused(Exception):
    """This line cannot be printed as it was ordered; staff must look at it. `code` is the hold's reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class _Placed:
    """The rendered placements of a line, and the mock-ups as PNG by view."""

    placements: tuple[PlacementSpec, ...]
    art: dict[str, bytes]
    mockups: dict[str, Image.Image]


def build(pack_id: str) -> None:
    """Builds the pack if it is ours to build. What cannot be printed holds the order; what crashed is tried again."""
    pack = ProductionPack.claim(pack_id)
    if pack is None:
        return
    started = time.monotonic()
    line = OrderLine.objects.select_related("order", "variant__product").get(pk=pack.line_id)
    try:
        _build(pack, line)
    except PackRefused as error:
        pack.fail(error.code, str(error), retryable=False)
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


def _build(pack: ProductionPack, line: OrderLine) -> None:
    rendered = _render(line)
    spec = _spec(line, rendered.placements)
    mockups = {view: _png(image) for view, image in rendered.mockups.items()}
    pack.note()  # rendering takes most of the time: the lease starts anew
    files = {f"art/{placement}.png": data for placement, data in rendered.art.items()}
    files |= {f"mockups/{view}.png": data for view, data in mockups.items()}
    data = build_pack(spec, {**files, "spec.pdf": spec_sheet(spec, mockups)})
    findings = check_pack(data)
    report = [asdict(finding) for finding in findings]
    if not may_be_released(findings):
        ProductionPack.objects.filter(pk=pack.pk).update(report=report)
        broken = [
            f"{finding.name}: {finding.detail}" for finding in findings if finding.blocking and not finding.ok
        ]
        raise PackRefused("pack_check_failed", "; ".join(broken))
    name = write_file(private_storage(), f"packs/{spec.pack_name}-{random_name('zip')}", data)
    public_names = _publish_mockups(rendered.mockups)
    # One commit: a done pack is not built again, so whatever failed after it would never happen.
    with transaction.atomic():
        lifecycle.order_lock(line.order_id)  # parent before child
        finished = pack.finish(
            file=name, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), report=report
        )
        if finished:
            OrderLine.objects.filter(pk=line.pk).update(
                front_mockup_name=public_names["front"], back_mockup_name=public_names["back"]
            )
            packs_hand_over(line.order)
    if not finished:
        private_storage().delete(name)
        for public_name in public_names.values():
            public_storage().delete(public_name)


def _render(line: OrderLine) -> _Placed:
    views = stage_views(line.variant.product, line.variant.colour_id)
    artworks = _placed_artworks(line, views)
    placements, art = [], {}
    for placement, placed in artworks.items():
        if not placed:
            continue
        print_art = _print_art(views[placement], placed)
        art[placement] = print_png(print_art)
        colours = dominant_colours(print_art.rgba)
        names = [row.asset.original_name for row in line.artworks.all() if row.placement == placement]
        placements.append(describe_placement(views[placement], placed, print_art, colours, names))
    mockups = {
        view: render_mockup(
            views[view],
            garment_picture(line.garment, view, line.colour_hex, _MOCKUP_WIDTH_PX),
            artworks.get(view, []),
            _MOCKUP_WIDTH_PX,
        )
        for view in _MOCKUP_VIEWS
    }
    return _Placed(tuple(placements), art, mockups)


def _placed_artworks(line: OrderLine, views: dict[str, StageView]) -> dict[str, list[PlacedArtwork]]:
    """The artworks of the line by placement, decoded from the private originals."""
    placed: dict[str, list[PlacedArtwork]] = {placement: [] for placement in views}
    for row in line.artworks.select_related("asset"):
        if row.placement not in views:
            raise PackRefused(
                "placement_not_offered", f"this product has no print area on its {row.placement}"
            )
        picture = read_picture(
            read_file(private_storage(), row.asset.original_file), max_pixels=settings.UPLOAD_MAX_PIXELS
        )
        placed[row.placement].append(
            PlacedArtwork(
                picture.rgba,
                views[row.placement],
                position_of(row.position),
                row.index,
                row.asset.display_scale,
            )
        )
    return placed


def _print_art(view: StageView, placed: list[PlacedArtwork]) -> PrintArt:
    try:
        return render_print_art(view, placed)
    except NothingToPrint as error:
        raise PackRefused(error.code, str(error)) from error


def _spec(line: OrderLine, placements: tuple[PlacementSpec, ...]) -> PackSpec:
    method = DecorationMethod.objects.get(name=line.method)
    return PackSpec(
        order_number=line.order.number,
        line_number=line.number,
        created=line.order.created_at.isoformat(timespec="seconds"),
        sku=line.sku,
        product=line.product_title,
        colour_name=line.colour_name,
        colour_hex=line.colour_hex,
        size=line.size_name,
        quantity=line.quantity,
        method=line.method,
        method_name=method.display_name,
        placements=placements,
        notes=line.order.customer_notes,
        warnings=tuple(warning for placement in placements for warning in _warnings(placement)),
    )


def _warnings(placement: PlacementSpec) -> list[str]:
    """What a printer should know before pressing: cut-off art and low resolution."""
    found = []
    if placement.clipped:
        found.append(
            f"{placement.placement}: the artwork reaches beyond the print area and is cut off there."
        )
    if placement.dpi_grade in ("poor", "bad"):
        dpi = math.floor(placement.effective_dpi)
        found.append(f"{placement.placement}: {dpi} DPI at this size ({placement.dpi_grade}); 300 is wanted.")
    return found


def _publish_mockups(mockups: dict[str, Image.Image]) -> dict[str, str]:
    """Small mock-ups under unguessable names, by view: the admin page loads pictures without a token."""
    return {
        view: write_file(public_storage(), random_name("jpg"), _small_jpeg(image))
        for view, image in mockups.items()
    }


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _small_jpeg(image: Image.Image) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((_PUBLIC_MOCKUP_WIDTH_PX, _PUBLIC_MOCKUP_WIDTH_PX))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=88, progressive=True, optimize=True)
    return buffer.getvalue()
