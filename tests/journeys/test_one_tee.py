"""One tee over HTTP, from the photo of a shirt to the printer's pack: what each step must have shown."""

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator

import numpy as np
import pypdf
import pytest
from PIL import Image

from demo.storefront import Storefront
from demo.walk import PHOTO
from tests.journeys.conftest import WALK_SECONDS
from tests.journeys.walk import CUSTOMER, POSITION, Walk, until_mailed, walk_one_tee
from tests.server import Shop

PRINT_DPI = 300
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ORDER_NUMBER = re.compile(r"RB(-[2-9A-HJKMNP-TW-Z]{6}){3}")
PATHS = [
    "art/front.png",
    "mockups/back.png",
    "mockups/front.png",
    "spec.json",
    "spec.pdf",
    "manifest.json",
]
MEASURED_IN_PERCENT = {35, 60, 80, 95, 100}


@pytest.fixture(scope="module")
def walk(shop: Shop) -> Iterator[Walk]:
    browser = Storefront(shop.url)
    with browser.session:
        yield walk_one_tee(browser)


def test_the_walk_takes_less_than_the_promised_time(
    walk: Walk, record_property: Callable[[str, object], None]
) -> None:
    """The shop promises a cut-out within two minutes, and a pack within 30 s of the payment."""
    record_property(WALK_SECONDS, round(walk.seconds, 1))
    assert 0 < walk.seconds < 60


def test_the_photo_is_answered_with_a_job_to_poll(walk: Walk) -> None:
    asset = walk.uploaded["asset"]

    assert UUID4.fullmatch(walk.uploaded["jobId"])
    assert asset["owner_type"] == "shirt_upload"
    assert (asset["file_type"], asset["kind"]) == ("image/jpeg", "upload")
    assert asset["file_size"] == PHOTO.stat().st_size
    assert asset["hash"] == hashlib.sha256(PHOTO.read_bytes()).hexdigest()


def test_every_poll_shows_a_status_that_the_storefront_knows(walk: Walk) -> None:
    statuses = [poll["status"] for poll in walk.polls]

    assert set(statuses) <= {"queued", "running", "done"}
    assert statuses == sorted(statuses, key=["queued", "running", "done"].index)
    assert statuses.count("done") == 1


def test_progress_never_goes_backwards_and_ends_at_100(walk: Walk) -> None:
    assert walk.progress == sorted(walk.progress)
    assert walk.progress[-1] == 100
    assert set(walk.progress) & MEASURED_IN_PERCENT >= {100} and len(set(walk.progress)) > 1


def test_an_unfinished_job_has_neither_assets_nor_an_end(walk: Walk) -> None:
    for poll in walk.polls[:-1]:
        assert (poll["assets"], poll["completedAt"], poll["errorMessage"]) == (None, None, None)


def test_the_finished_job_has_one_transparent_asset(walk: Walk) -> None:
    job = walk.polls[-1]

    assert [asset["kind"] for asset in job["assets"]] == ["transparent"]
    assert job["resultData"]["transparentAssetId"] == walk.artwork_asset["id"]
    assert job["resultData"]["originalAssetId"] == walk.uploaded["asset"]["id"]
    assert TIMESTAMP.fullmatch(job["completedAt"])
    assert walk.artwork_asset["dpi"] == PRINT_DPI


def test_the_artwork_can_be_drawn_on_a_canvas(walk: Walk) -> None:
    answer = walk.artwork_answer

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "image/png"


def test_the_artwork_has_clear_and_solid_pixels(walk: Walk) -> None:
    picture = Image.open(io.BytesIO(walk.artwork_answer.content))
    alpha = np.asarray(picture)[..., 3]

    assert picture.mode == "RGBA"
    assert picture.size == (walk.artwork_asset["width"], walk.artwork_asset["height"])
    assert int(alpha.min()) == 0 and int(alpha.max()) == 255
    assert 0.05 < float((alpha == 0).mean()) < 0.95


def test_the_design_holds_the_artwork_that_a_guest_had_made(walk: Walk) -> None:
    assert walk.design["artwork_ids"] == [walk.artwork_asset["id"]]
    assert walk.design["artwork_urls"] == {walk.artwork_asset["id"]: walk.artwork_asset["file_url"]}


def test_the_price_is_exact_to_the_cent(walk: Walk) -> None:
    """12.98 + 4.98 shipping + 7.25 % California tax on the tee: 0.94105, so 0.94."""
    amounts = {name: walk.order[name] for name in ("subtotal", "shipping", "tax", "total")}

    assert walk.tax == 0.94 and isinstance(walk.tax, float)
    assert amounts == {"subtotal": 12.98, "shipping": 4.98, "tax": 0.94, "total": 18.90}
    assert (walk.intent["amount"], walk.intent["amount_received"]) == (1890, 1890)


def test_the_order_begins_unpaid_under_a_number_that_fits_an_address(walk: Walk) -> None:
    assert ORDER_NUMBER.fullmatch(walk.order["order_number"])
    assert UUID4.fullmatch(walk.order["id"])
    assert (walk.order["payment_status"], walk.order["production_status"]) == ("pending", "pending")
    assert re.fullmatch(r"pi_\w+_secret_\w+", walk.created["client_secret"])


def test_the_webhook_paid_the_order_before_the_browser_reported(walk: Walk) -> None:
    """The tracking page showed `paid` before `capture-payment` was called for the first time."""
    assert walk.intent["status"] == "succeeded"
    assert walk.paid["order"]["payment_status"] == "paid"


def test_reporting_the_payment_twice_changes_nothing(walk: Walk) -> None:
    first, second = (answer.json()["data"]["order"] for answer in walk.captures)

    assert [answer.status_code for answer in walk.captures] == [200, 200]
    assert first == second
    assert first["payment_status"] == "paid"


def test_the_tracking_page_gets_what_it_reads(walk: Walk) -> None:
    order, items = walk.paid["order"], walk.paid["items"]

    assert order["order_number"] == walk.order["order_number"]
    assert TIMESTAMP.fullmatch(order["created_at"])
    assert (order["production_status"], order["tracking_number"]) == ("pending", None)
    assert order["shipping_address"]["postal_code"] == "94041"
    assert [(item["quantity"], item["total_price"]) for item in items] == [(1, 12.98)]


def test_the_tracking_page_shows_nothing_that_a_stranger_should_not_know(walk: Walk) -> None:
    text = json.dumps(walk.paid)

    for secret in (CUSTOMER["email"], walk.order["id"], walk.intent["id"], walk.artwork_asset["id"]):
        assert secret not in text


def test_the_pack_is_the_one_that_was_announced(walk: Walk) -> None:
    (announced,) = walk.tray["packs"]

    assert announced["sha256"] == hashlib.sha256(walk.pack).hexdigest()
    assert (announced["line"], announced["sku"]) == (1, "TEE-WHT-M")


def test_the_pack_is_a_sound_zip_with_one_folder(walk: Walk) -> None:
    with walk.archive() as archive:
        folders, paths = zip(*(name.split("/", 1) for name in archive.namelist()), strict=True)
        assert archive.testzip() is None

    assert set(folders) == {f"{walk.order['order_number']}-1"}
    assert list(paths) == PATHS


def test_the_manifest_lists_every_other_file_with_its_hash(walk: Walk) -> None:
    manifest = json.loads(walk.packed("manifest.json"))
    listed = {row["path"]: (row["sha256"], row["size_bytes"]) for row in manifest["files"]}

    packed = {path: walk.packed(path) for path in PATHS[:-1]}
    assert listed == {path: (hashlib.sha256(data).hexdigest(), len(data)) for path, data in packed.items()}
    assert manifest["order_number"] == walk.order["order_number"]


def test_the_art_is_300_dpi_at_the_size_that_the_spec_names(walk: Walk) -> None:
    art = Image.open(io.BytesIO(walk.packed("art/front.png")))
    (placement,) = json.loads(walk.packed("spec.json"))["placements"]

    assert art.mode == "RGBA"
    assert [round(dpi) for dpi in art.info["dpi"]] == [PRINT_DPI, PRINT_DPI]
    assert art.width == pytest.approx(placement["inches"]["width"] * PRINT_DPI, abs=1)
    assert art.height == pytest.approx(placement["inches"]["height"] * PRINT_DPI, abs=1)


def test_the_mockups_are_large_enough_for_a_printer(walk: Walk) -> None:
    for view in ("front", "back"):
        picture = Image.open(io.BytesIO(walk.packed(f"mockups/{view}.png")))
        assert min(picture.size) >= 2000


def test_the_spec_says_what_was_ordered(walk: Walk) -> None:
    spec = json.loads(walk.packed("spec.json"))

    assert (spec["order_number"], spec["line_number"]) == (walk.order["order_number"], 1)
    assert (spec["garment"]["sku"], spec["garment"]["quantity"]) == ("TEE-WHT-M", 1)
    assert spec["garment"]["colour"]["name"] == "White"
    assert [placement["placement"] for placement in spec["placements"]] == ["front"]
    assert spec["placements"][0]["artworks"][0]["rotation_deg"] == POSITION["rotation"]


def test_the_sheet_can_be_read_and_names_the_order(walk: Walk) -> None:
    pages = pypdf.PdfReader(io.BytesIO(walk.packed("spec.pdf"))).pages
    text = "\n".join(page.extract_text() for page in pages)

    assert walk.order["order_number"] in text
    assert "TEE-WHT-M" in text


def test_customer_and_printer_each_got_one_mail(walk: Walk, shop: Shop) -> None:
    number = walk.order["order_number"]

    mails = until_mailed(shop.var_dir / "mail", number, count=2)

    by_receiver = {re.search(r"^To: (.*)$", mail, re.MULTILINE)[1]: mail for mail in mails}  # type: ignore[index]
    assert sorted(by_receiver) == [CUSTOMER["email"], "printer@example.com"]
    assert len(mails) == 2
    assert f"Subject: Order Confirmation #{number} - Stolen Tee" in by_receiver[CUSTOMER["email"]]
    assert walk.tray["packs"][0]["url"].rsplit("/", 1)[0] in by_receiver["printer@example.com"]
