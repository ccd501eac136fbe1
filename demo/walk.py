"""`make demo`: one real tee from the photo to the printer, over HTTP only. Writes to out/demo/ and nothing else."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from demo.storefront import (
    Json,
    Refused,
    Storefront,
    artwork,
    cart_item,
    customization,
    progress_percent,
    transparent_asset,
    wait_for_job,
)

ROOT = Path(__file__).resolve().parent.parent
PHOTO = Path(__file__).with_name("shirt-photo.jpg")
ADDRESS = {
    "line1": "500 Castro Street",
    "line2": "",
    "city": "Mountain View",
    "state": "CA",
    "postal_code": "94041",
    "country": "US",
}
_START_TIMEOUT_S = 90
_WAIT_TIMEOUT_S = 60
_BAR_WIDTH = 28
# A full front: the print is this wide on the storefront's stage of 600 px, centred on the chest.
_PRINT_WIDTH_PX, _PRINT_LEFT_PX, _PRINT_TOP_PX = 125, 236, 160


class Report:
    """The steps as they pass: a progress bar while one runs, a table at the end."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, str]] = []

    def bar(self, title: str, percent: int, text: str = "") -> None:
        filled = _BAR_WIDTH * percent // 100
        line = f"{title:<34} [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {percent:3d} %  {text}"
        if sys.stdout.isatty():
            print(f"\r\033[K{line}", end="", flush=True)
        elif percent in (0, 100):
            print(line, flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Times one step; what is appended to the list stands in its row of the table."""
        notes: list[str] = []
        started = time.monotonic()
        self.bar(title, 0)
        yield notes
        self.rows.append((title, time.monotonic() - started, "; ".join(notes)))
        self.bar(title, 100)
        if sys.stdout.isatty():
            print()

    def table(self) -> str:
        width = max(len(title) for title, _, _ in self.rows)
        lines = [f"{'step':<{width}}  seconds  result", "-" * (width + 60)]
        lines += [f"{title:<{width}}  {seconds:7.2f}  {notes}" for title, seconds, notes in self.rows]
        total = sum(seconds for _, seconds, _ in self.rows)
        return "\n".join([*lines, "-" * (width + 60), f"{'total':<{width}}  {total:7.2f}"])


def until(ask: Callable[[], Json | None], on_wait: Callable[[float], None], interval_s: float = 0.25) -> Json:
    """Asks until there is an answer. Raises TimeoutError after a minute."""
    started = time.monotonic()
    while (waited_s := time.monotonic() - started) < _WAIT_TIMEOUT_S:
        answer = ask()
        if answer is not None:
            return answer
        on_wait(waited_s)
        time.sleep(interval_s)
    raise TimeoutError(f"nothing after {_WAIT_TIMEOUT_S} s")


def walk(api_url: str, out: Path) -> Report:
    """The eight steps. Raises Refused with the server's message where a step fails."""
    out.mkdir(parents=True, exist_ok=True)
    report, shop = Report(), Storefront(api_url)
    with report.step("1 upload the shirt photo") as notes:
        uploaded = shop.upload_photo(PHOTO)
        notes.append(
            f"{PHOTO.stat().st_size // 1024} KB, {uploaded['asset']['width']}x{uploaded['asset']['height']} px"
        )
    with report.step("2 cut the artwork out") as notes:
        art = _cut_out(shop, uploaded["jobId"], report, out)
        notes.append(f"artwork.png, {art['width']}x{art['height']} px, transparent")
    with report.step("3 read catalogue and price") as notes:
        product = shop.product("classic-tee")
        variant = next(v for v in product["variants"] if (v["color"], v["size"]) == ("Black", "M"))
        notes.append(f"{len(shop.products())} products; {product['title']}, Black, M")
        notes.append(_quote(shop, variant))
    position = _position(art)
    with report.step("4 register and save the design") as notes:
        design = _save_design(shop, product, variant, art, position)
        notes.append(f"design {design['id']}")
    with report.step("5 create the order") as notes:
        order, client_secret = _order(shop, variant, art, position)
        notes.append(f"{order['order_number']}, ${order['total']:.2f} (tax ${order['tax']:.2f})")
    with report.step("6 pay at the test gateway") as notes:
        intent = shop.confirm_card_payment(client_secret, "pm_card_visa")
        notes.append(f"{intent['id']} {intent['status']}")
    with report.step("7 see the order paid and tracked") as notes:
        tracked = _paid(shop, order, report)
        shop.capture_payment(order["id"], intent["id"])
        notes.append(f"payment {tracked['order']['payment_status']}, by the signed webhook")
    with report.step("8 fetch the production pack") as notes:
        notes.extend(_pack(shop, order["order_number"], report, out))
    return report


def _cut_out(shop: Storefront, job_id: str, report: Report, out: Path) -> Json:
    job = wait_for_job(
        shop,
        job_id,
        sleep=time.sleep,
        on_poll=lambda polled: report.bar("2 cut the artwork out", progress_percent(polled), polled["logs"]),
    )
    asset = transparent_asset(job)
    (out / "artwork.png").write_bytes(shop.file(asset["file_url"]))
    (out / "shirt-photo.jpg").write_bytes(PHOTO.read_bytes())
    (out / "job.json").write_text(json.dumps(job, indent=2) + "\n")
    return asset


def _quote(shop: Storefront, variant: Json) -> str:
    body = {
        "variant_id": variant["id"],
        "method": "dtg",
        "placements": [{"width": 10, "height": 12}],
        "quantity": 12,
    }
    quote = shop.json("POST", "/api/price/quote", json=body)["data"]
    return f"12 pieces by DTG would be ${quote['subtotal']:.2f}"


def _position(asset: Json) -> Json:
    """Where the print lies: the storefront fits an artwork into 500 px and scales it from there."""
    width, height = asset["width"], asset["height"]
    base_width_px = 500 if width >= height else 500 * width / height
    scale = _PRINT_WIDTH_PX / base_width_px
    return {"x": _PRINT_LEFT_PX, "y": _PRINT_TOP_PX, "scaleX": scale, "scaleY": scale, "rotation": 0}


def _save_design(shop: Storefront, product: Json, variant: Json, art: Json, position: Json) -> Json:
    email = f"demo-{secrets.token_hex(4)}@example.com"
    shop.register_and_login(email, f"Demo-{secrets.token_urlsafe(12)}-1a", "Demo Customer")
    data = {"front": [position], "back": [], "neck": [], "selectedColor": "Black", "selectedSize": "M"}
    return shop.save_design(
        {
            "name": "Rescued from a photo",
            "productId": product["id"],
            "variantId": variant["id"],
            "designData": data,
            "artworkIds": [art["id"]],
            "thumbnailUrl": art["file_url"],
        }
    )


def _order(shop: Storefront, variant: Json, art: Json, position: Json) -> tuple[Json, str]:
    placed = artwork(shop.api_url, art, position)
    items = [cart_item(variant, 1, variant["base_price"], customization(front=[placed]))]
    tax = shop.tax(items, ADDRESS)
    customer = {"email": "demo@example.com", "name": "Demo Customer", "phone": ""}
    data = shop.create_order(customer, items, ADDRESS, tax)
    return data["order"], data["client_secret"]


def _paid(shop: Storefront, order: Json, report: Report) -> Json:
    def ask() -> Json | None:
        tracked = shop.track(order["order_number"])
        return tracked if tracked["order"]["payment_status"] == "paid" else None

    return until(
        ask, lambda waited_s: report.bar("7 see the order paid and tracked", min(95, int(waited_s * 10)))
    )


def _pack(shop: Storefront, order_number: str, report: Report, out: Path) -> list[str]:
    """The printer's part: the links that it was sent, the zip, its files, and its hash."""

    def ask() -> Json | None:
        tray = shop.json("GET", f"/test-printer/orders/{order_number}")
        return tray if tray["packs"] else None

    tray = until(ask, lambda waited_s: report.bar("8 fetch the production pack", min(95, int(waited_s * 5))))
    pack = tray["packs"][0]
    data = requests.get(pack["url"], timeout=30).content
    if hashlib.sha256(data).hexdigest() != pack["sha256"]:
        raise ValueError("the pack's bytes are not those that were announced")
    (out / "pack.zip").write_bytes(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(out / "pack")
        names = [name.split("/", 1)[1] for name in archive.namelist()]
    return [f"pack.zip, {len(data) // 1024} KB", ", ".join(names)]


def is_up(api_url: str) -> bool:
    try:
        return requests.get(f"{api_url}/health/ready", timeout=2).status_code == 200
    except requests.RequestException:
        return False


@contextmanager
def running_shop(api_url: str) -> Iterator[None]:
    """The shop that is up already, or one of our own that stops with us."""
    if is_up(api_url):
        yield
        return
    print("starting the shop ...", flush=True)
    log_path = ROOT / "out" / "demo" / "server.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "dev"], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        try:
            deadline = time.monotonic() + _START_TIMEOUT_S
            while not is_up(api_url):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the shop did not start; see {log_path.relative_to(ROOT)}")
                time.sleep(0.25)
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def main() -> int:
    parser = argparse.ArgumentParser(description="Walks one tee from a photo to the printer, over HTTP only.")
    parser.add_argument("--url", default=f"http://127.0.0.1:{os.environ.get('PORT', '3001')}")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "demo")
    options = parser.parse_args()
    try:
        with running_shop(options.url):
            report = walk(options.url, options.out)
    except (Refused, TimeoutError, RuntimeError, requests.RequestException) as error:
        print(f"\nthe demo stopped: {error}", file=sys.stderr)
        return 1
    print(f"\n{report.table()}\n\nfiles: {os.path.relpath(options.out)}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
