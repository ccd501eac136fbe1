"""From open transfer prints to a zip with film and layout."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image

from common.storage import private_storage, read_file
from demo.storefront import Json, Storefront
from orders.models import GangSheet, Order, OrderLine, ProductionPack
from orders.production.ganging import gang_build
from products.models import DecorationMethod
from tests.contracts.baskets import placed

pytestmark = pytest.mark.django_db
SMALL = {"x": 250, "y": 150, "scaleX": 0.1, "scaleY": 0.1, "rotation": 0}
URL = "/api/admin/production/gang-sheets"


@pytest.fixture
def transfers(
    paid_order: Callable[..., Order], built: Callable[[Order], list[ProductionPack]], big_art: Json
) -> ProductionPack:
    """The finished pack of five tees with one transfer each."""
    DecorationMethod.objects.create(name="dtf", display_name="Direct to film")
    order = paid_order(5, front=[placed(big_art, SMALL)])
    customization = {**order.lines.get().customization, "method": "dtf"}
    OrderLine.objects.filter(order=order).update(method="dtf", customization=customization)
    (pack,) = built(order)
    assert pack.status == "done", pack.error_message
    return pack


def test_five_garments_are_five_prints_on_the_film(transfers: ProductionPack, staff: Storefront) -> None:
    asked = staff.json("POST", URL, json={})["data"]["gang_sheet"]
    assert (asked["status"], asked["packs"]) == ("queued", [str(transfers.pk)])
    assert staff.call("GET", f"{URL}/{asked['id']}/file").status_code == 404
    gang_build(asked["id"])
    shown = staff.json("GET", f"{URL}/{asked['id']}")["data"]["gang_sheet"]
    assert shown["status"] == "done", shown["error"]
    (sheet,) = shown["layout"]["sheets"]
    number = transfers.line.order.number
    assert [row["key"] for row in sheet["prints"]] == [f"{number}-1/front#{n}" for n in range(1, 6)]
    assert sheet["width_in"] == 22 and 0 < sheet["utilisation_percent"] == shown["utilisation_percent"]
    with zipfile.ZipFile(io.BytesIO(read_file(private_storage(), GangSheet.objects.get().file))) as archive:
        assert json.loads(archive.read("gang.json")) == shown["layout"]
        film = Image.open(io.BytesIO(archive.read("gang-1.png")))
    assert film.size == (sheet["pixels"]["width"], sheet["pixels"]["height"])
    for row in sheet["prints"]:
        at = row["pixels"]
        box = (at["left"], at["top"], at["left"] + at["width"], at["top"] + at["height"])
        # Transfer prints are ink or nothing, and each is trimmed to its ink.
        alpha = film.crop(box).getchannel("A")
        assert alpha.getbbox() == (0, 0, at["width"], at["height"])
        assert {level for _, level in alpha.getcolors()} <= {0, 255}


def test_what_is_no_open_transfer_print_is_refused(
    paid_order: Callable[..., Order], built: Callable[[Order], list[ProductionPack]], staff: Storefront
) -> None:
    (pack,) = built(paid_order(1))
    for body in ({}, {"packs": [str(pack.pk)]}):
        answer = staff.call("POST", URL, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "nothing_to_gang")
    assert not GangSheet.objects.exists()


def test_a_pack_that_is_being_rebuilt_fails_the_sheet_and_says_so(
    transfers: ProductionPack, staff: Storefront
) -> None:
    asked = staff.json("POST", URL, json={"packs": [str(transfers.pk)]})["data"]["gang_sheet"]
    ProductionPack.objects.update(status="queued")
    gang_build(asked["id"])
    row = GangSheet.objects.get()
    assert (row.status, row.error_code) == ("failed", "pack_not_ready")
