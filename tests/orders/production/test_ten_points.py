"""Each of the ten points of the checklist, failed on purpose on a finished pack, with the numbers it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from orders.production.pack import build_pack
from orders.production.pack_check import Finding, OrderFacts, check_pack, may_be_released, summary
from orders.production.placement_spec import InkSpec
from orders.production.print_art import layer_png, srgb_profile
from orders.production.spec import PackSpec, ShipTo
from tests.orders.production.examples import files, mockup, pixels, png, spec

ORDER = OrderFacts(
    paid=True, hold_reason="", sku_exists=True, quantity=12, colour_hex="#1b1c20", approved_design_hash="ab" * 32,
    chest_width_in=20.0,
)  # fmt: skip


def front(**changes: Any) -> PackSpec:
    first, back = spec().placements
    return spec(placements=(replace(first, **changes), back))


def halo() -> dict[str, bytes]:
    rgba = pixels(files()["art/front.png"]).copy()
    rgba[:3], rgba[-3:], rgba[:, :3], rgba[:, -3:] = 255, 255, 255, 255
    return {
        "art/front.png": png(Image.fromarray(rgba), dpi=(300, 300), icc_profile=srgb_profile()),
    }


def striped(step: int, width: int) -> dict[str, bytes]:
    rgba = pixels(files()["art/front.png"]).copy()
    for top in range(20, 280, step):
        rgba[top : top + width, 20:580] = 0
    return {"art/front.png": png(Image.fromarray(rgba), dpi=(300, 300), icc_profile=srgb_profile())}


def white_everywhere() -> dict[str, bytes]:
    return {"underbase/front.png": layer_png(np.full((300, 600, 4), 255, np.uint8), 300)}


FAILURES: list[tuple[int, str, PackSpec, dict[str, bytes], OrderFacts]] = [
    (1, "front: resolution", front(effective_dpi=120.0), {}, ORDER),
    (1, "front: resolution", front(minimum_dpi=301), {}, ORDER),
    (2, "front: true size", front(width_in=2.01), {}, ORDER),
    (2, "front: inside the print area", front(area_width_in=4.9), {}, ORDER),
    (2, "front: fits the smallest size", spec(), {}, replace(ORDER, chest_width_in=2.9)),
    (3, "front: datum", front(top_below_collar_in=5.0), {}, ORDER),
    (4, "front: white rim", spec(), halo(), ORDER),
    (5, "back: half-transparent ink", spec(method="dtf"), {}, ORDER),
    (7, "front: underbase", front(underbase=None), {}, ORDER),
    (7, "front: underbase", spec(), white_everywhere(), ORDER),
    (7, "front: inks", front(inks=InkSpec(counted=3, priced=2)), {}, ORDER),
    (7, "front: inks", front(inks=InkSpec(counted=7, most=6)), {}, ORDER),
    (8, "nothing live or external", spec(), {"underbase/logo.svg": b"<svg/>"}, ORDER),
    (9, "SKU exists", spec(), {}, replace(ORDER, sku_exists=False)),
    (9, "quantity ordered", spec(), {}, replace(ORDER, quantity=13)),
    (9, "colour ordered", spec(), {}, replace(ORDER, colour_hex="#ffffff")),
    (9, "due date and destination", spec(due=""), {}, ORDER),
    (9, "due date and destination", spec(ship_to=ShipTo()), {}, ORDER),
    (9, "mock-up colour", spec(colour_hex="#d02030"), {}, replace(ORDER, colour_hex="#d02030")),
    (10, "order paid", spec(), {}, replace(ORDER, paid=False)),
    (10, "design approved", spec(), {}, replace(ORDER, approved_design_hash="cd" * 32)),
    (10, "front: mock-up", spec(), {"mockups/front.png": mockup(1999, 2000)}, ORDER),
]


def checked(line: PackSpec, changed: dict[str, bytes], order: OrderFacts, **options: Any) -> list[Finding]:
    return check_pack(build_pack(line, files() | changed), order=order, **options)


def test_the_pack_that_they_spoil_passes_all_ten() -> None:
    findings = checked(spec(), {}, ORDER)
    assert may_be_released(findings)
    states = {row["rule"]: row["state"] for row in summary(findings)}
    assert states == dict.fromkeys(range(1, 11), "pass") | {5: states[5]} and states[5] in ("pass", "warn")


@pytest.mark.parametrize(
    ("rule", "name", "line", "changed", "order"),
    FAILURES,
    ids=[f"{number}-{rule}-{name.replace(' ', '_')}" for number, (rule, name, *_) in enumerate(FAILURES)],
)
def test_a_spoilt_pack_is_kept_back(
    rule: int, name: str, line: PackSpec, changed: dict[str, bytes], order: OrderFacts
) -> None:
    findings = checked(line, changed, order)
    broken = [finding for finding in findings if not finding.ok and finding.blocking]
    assert (rule, name) in {(finding.rule, finding.name) for finding in broken}
    assert not may_be_released(findings)
    assert next(row["state"] for row in summary(findings) if row["rule"] == rule) == "fail"


@pytest.mark.parametrize(
    ("rule", "name", "line", "changed", "order"),
    [
        (2, "front: safe margin", front(safe_margin_in=3.5), {}, ORDER),
        (
            6,
            "front: thin features",
            spec(),
            striped(12, 9),
            ORDER,
        ),  # three pixels of ink remain between the gaps
        (6, "front: narrow gaps", spec(method="dtf"), striped(40, 7), ORDER),
        (10, "no open hold", spec(), {}, replace(ORDER, hold_reason="held_by_staff")),
    ],
)
def test_what_only_warns_is_reported_all_the_same(
    rule: int, name: str, line: PackSpec, changed: dict[str, bytes], order: OrderFacts
) -> None:
    finding = next(f for f in checked(line, changed, order) if f.name == name)
    assert (finding.rule, finding.ok, finding.blocking) == (rule, False, False)
    assert bool(finding.spots) is (rule == 6)


def test_thin_ink_is_told_with_its_place() -> None:
    rgba = pixels(files()["art/front.png"]).copy()
    rgba[:, :300] = 0
    rgba[150:152, 30:270] = (214, 40, 57, 255)
    art = png(Image.fromarray(rgba), dpi=(300, 300), icc_profile=srgb_profile())
    finding = next(
        f for f in checked(spec(), {"art/front.png": art}, ORDER) if f.name == "front: thin features"
    )
    assert finding.spots and all(spot["top_in"] == 0.5 and spot["left_in"] < 1 for spot in finding.spots)


def test_a_white_outline_that_was_meant_is_no_halo() -> None:
    rgba = pixels(files()["art/front.png"]).copy()
    rgba[:24], rgba[-24:], rgba[:, :24], rgba[:, -24:] = 255, 255, 255, 255
    art = png(Image.fromarray(rgba), dpi=(300, 300), icc_profile=srgb_profile())
    assert may_be_released(checked(spec(), {"art/front.png": art}, ORDER))


def test_a_waived_point_is_reported_and_lets_the_pack_go() -> None:
    spoilt: Callable[..., list[Finding]] = lambda **options: checked(  # noqa: E731
        front(effective_dpi=120.0, minimum_dpi=100), {}, ORDER, **options
    )
    assert not may_be_released(spoilt())
    findings = spoilt(waived=[1])
    waived = next(finding for finding in findings if finding.rule == 1 and not finding.ok)
    assert may_be_released(findings) and "Waived by staff." in waived.detail
    assert not may_be_released(spoilt(waived=[2]))
