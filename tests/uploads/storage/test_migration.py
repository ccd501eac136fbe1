"""The whole shop moves to another store and back while it is open, and no address that anybody keeps changes."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from common.storage import private_storage, public_storage, read_file, write_file
from demo.storefront import Json, Storefront, cart_item, customization
from designs.models import Design
from ops.migration import Plan, files_move
from orders.models import Order, OrderLine, ProductionPack
from orders.production import builder
from tests.contracts.baskets import order_body, placed, variant_id
from tests.uploads.conftest import buckets_keys
from tests.uploads.storage.shop import names_of, picture, upload
from uploads.compression import worker
from uploads.models import Asset, DerivativeWork, StoredObject
from uploads.storage.moving import located

pytestmark = [pytest.mark.django_db, pytest.mark.production]

CHEST = {"x": 223, "y": 150, "scaleX": 0.3, "scaleY": 0.3, "rotation": 0}


def shown(url: str) -> tuple[int, bytes]:
    """Status and body of a public file."""
    answer = Client().get(url)
    return answer.status_code, b"".join(answer.streaming_content) if answer.streaming else answer.content


def migrate(*arguments: str) -> dict[str, str]:
    """The command's summary by the first word of each line."""
    out = io.StringIO()
    call_command("storage_migrate", *arguments, stdout=out, stderr=io.StringIO())
    lines = [line.split() for line in out.getvalue().splitlines() if line]
    return {words[0]: words[1] for words in lines if len(words) > 1}


@pytest.fixture
def full_shop(target: Any, customer: Storefront, art_png: bytes) -> dict[str, Any]:
    """A design with its thumbnail, and a paid order with pack and mock-ups."""
    art = customer.upload_file("art.png", picture(3, size_px=(1200, 1200)), "image/png")
    thumbnail = customer.upload_file("thumbnail.png", art_png, "image/png")
    body = order_body(
        cart_item({"id": variant_id("TEE-BLK-M")}, 1, 12.98, customization(front=[placed(art, CHEST)]))
    )
    created = customer.json("POST", "/api/orders/create", json=body)["data"]
    line = OrderLine.objects.get(order_id=created["order"]["id"])
    design = Design.objects.create(
        user=Asset.objects.get(pk=art["id"]).owner,
        name="Mine",
        product=line.variant.product,
        design_data={"front": [None]},
        thumbnail_url=thumbnail["file_url"],
    )
    design.artworks.create(asset_id=art["id"], position=0)
    Order.objects.filter(pk=line.order_id).update(payment_status="paid", paid_at=timezone.now())
    pack = ProductionPack.objects.create(line=line)
    builder.build(str(pack.pk))
    for work in DerivativeWork.objects.all():
        worker.run(str(work.pk))
    line.refresh_from_db()
    pack.refresh_from_db()
    assert (pack.status, pack.error_message) == ("done", "") and line.front_mockup_name
    return {"art": art, "design": design, "line": line, "pack": pack}


def seen(shop: dict[str, Any]) -> Json:
    """What customers, the printer and the staff hold addresses of, and the bytes behind each."""
    line = OrderLine.objects.get(pk=shop["line"].pk)
    design = Design.objects.get(pk=shop["design"].pk)
    urls = [design.thumbnail_url, shop["art"]["file_url"]]
    urls += [f"/uploads/{name}" for name in (line.front_mockup_name, line.back_mockup_name)]
    pack = ProductionPack.objects.get(pk=shop["pack"].pk)
    return {
        **{url: shown(url) for url in urls},
        "customization": json.dumps(line.customization),
        pack.file: read_file(private_storage(), pack.file),
        "originals": [
            read_file(private_storage(), asset.original_file) for asset in Asset.objects.order_by("pk")
        ],
    }


def test_everything_moves_and_no_address_changes(full_shop: dict[str, Any], target: Any) -> None:
    before = seen(full_shop)
    summary = migrate("--to", "r2")
    expected = names_of(*Asset.objects.all())
    line, pack = full_shop["line"], full_shop["pack"]
    extra = {f"public/{line.front_mockup_name}", f"public/{line.back_mockup_name}", f"private/{pack.file}"}
    assert buckets_keys(target) == expected.keys | extra
    assert (summary["total"], summary["successful"], summary["failed"]) == (
        str(len(expected.keys | extra)),
    ) * 2 + ("0",)
    for area in ("private", "public"):  # the old store may burn down now
        home = located(area).home
        for key in expected.keys | extra:
            if key.startswith(f"{area}/"):
                home.delete(key.removeprefix(f"{area}/"))
    assert seen(full_shop) == before


def test_the_way_back_finds_everything_where_it_was(full_shop: dict[str, Any], settings: Any) -> None:
    before = seen(full_shop)
    migrate("--to", "r2")
    settings.STORAGE_ROLLOUT_PERCENT = 100
    late = upload(7)
    settings.STORAGE_ROLLOUT_PERCENT = 0
    assert not located("private").home.exists(late.original_file)
    summary = migrate("--rollback")
    assert summary["failed"] == "0"
    assert set(StoredObject.objects.values_list("store", flat=True)) == {"home"}
    for row in StoredObject.objects.all():  # and the new one, too
        located(row.area).target.delete(row.name)
    assert read_file(private_storage(), late.original_file)
    after = seen(full_shop)
    assert {key: after[key] for key in before if key != "originals"} == {
        key: before[key] for key in before if key != "originals"
    }


def test_a_dry_run_counts_and_moves_nothing(target: Any) -> None:
    asset = upload(1)
    summary = migrate("--to", "r2", "--dry-run")
    assert summary["total"] == str(len(names_of(asset).keys))
    assert int(summary["bytes"].replace(",", "")) > asset.file_size
    assert buckets_keys(target) == set()
    assert StoredObject.objects.count() == 0


def test_the_oldest_go_first_and_a_second_run_does_the_rest(target: Any) -> None:
    first, second = upload(1), upload(2)
    total = len(names_of(first, second).keys)
    some = migrate("--to", "r2", "--limit", "2")
    assert (some["successful"], some["failed"]) == ("2", "0")
    moved = buckets_keys(target)
    assert moved <= names_of(first).keys and f"private/{first.original_file}" in moved
    rest = migrate("--to", "r2")
    assert (rest["successful"], rest["skipped"]) == (str(total - 2), "2")
    assert migrate("--to", "r2")["successful"] == "0"


def test_an_interrupted_run_is_resumed(target: Any) -> None:
    asset = upload(1)

    def pull_the_plug(summary: Any) -> None:
        if summary.successful == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files_move(Plan(), pull_the_plug)
    assert StoredObject.objects.count() == 1
    summary = files_move(Plan())
    assert (summary.skipped, summary.failed) == (1, [])
    assert buckets_keys(target) == names_of(asset).keys


def test_the_shop_stays_open_while_files_move(target: Any) -> None:
    assets = [upload(number) for number in range(3)]
    answers: list[int] = []

    def somebody_calls(summary: Any) -> None:
        answers.extend(shown(asset.file_url)[0] for asset in assets)
        if summary.successful == 1:
            late.append(upload(9))

    late: list[Asset] = []
    summary = files_move(Plan(), somebody_calls)
    assert summary.failed == []
    assert set(answers) == {200} and len(answers) > 20
    assert shown(late[0].file_url)[0] == 200
    files_move(Plan())
    assert buckets_keys(target) == names_of(*assets, *late).keys


def test_a_file_that_fails_is_named_and_the_others_move(target: Any) -> None:
    good, bad = upload(1), upload(2)
    Asset.objects.filter(pk=bad.pk).update(sha256="0" * 64)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 files stayed"):
        call_command("storage_migrate", "--to", "r2", stdout=out, stderr=io.StringIO())
    assert f"changed       private/{bad.original_file}" in out.getvalue()
    assert names_of(good).keys <= buckets_keys(target)
    assert f"private/{bad.original_file}" not in buckets_keys(target)
    assert read_file(private_storage(), bad.original_file)


def test_a_share_moves_whole_assets(target: Any) -> None:
    assets = [upload(number) for number in range(6)]
    migrate("--to", "r2", "--percent", "50")
    keys = buckets_keys(target)
    whole = [names_of(asset).keys <= keys for asset in assets]
    none = [not names_of(asset).keys & keys for asset in assets]
    assert [one or other for one, other in zip(whole, none, strict=True)] == [True] * 6
    migrate("--to", "r2", "--percent", "100")
    assert buckets_keys(target) == names_of(*assets).keys


def test_files_without_a_row_are_left(target: Any) -> None:
    write_file(public_storage(), "a-stray-file-of-nobody.png", b"stray")
    migrate("--to", "r2")
    assert buckets_keys(target) == set()


@pytest.mark.parametrize("arguments", [(), ("--to", "r2", "--rollback")])
def test_a_direction_must_be_named(arguments: tuple[str, ...], files_home: Any) -> None:
    with pytest.raises(CommandError, match="either"):
        call_command("storage_migrate", *arguments)


def test_without_a_second_store_the_command_says_what_is_missing(files_home: Any) -> None:
    with pytest.raises(CommandError, match="R2_BUCKET_NAME"):
        migrate("--to", "r2")
