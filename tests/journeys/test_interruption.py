"""The power fails in the middle of a cut-out: after the next start the work is finished, once."""

import time
from pathlib import Path

import pytest
import requests

from demo.storefront import Json, Storefront
from demo.walk import PHOTO, until
from tests.server import Shop, running_shop

# The lease that a shop takes; when it has run out, the next may take the work over.
LEASE_S = 5
# Two starts and a half-done and a whole cut-out, on a machine that is busy with other tests.
_WAIT_S = 150


@pytest.mark.timeout(300)
def test_a_cut_out_survives_the_death_of_every_process(tmp_path: Path) -> None:
    with running_shop(tmp_path, WORK_LEASE_S=str(LEASE_S), SWEEP_INTERVAL_S="1") as shop:
        browser = Storefront(shop.url)
        with browser.session:
            job_id = browser.upload_photo(PHOTO)["jobId"]
            until(lambda: _running(browser, job_id), lambda waited_s: None, interval_s=0.05)
            shop.kill()
        assert not shop.is_ready()

        shop.start()
        browser = Storefront(shop.url)
        polls: list[Json] = []
        with browser.session:
            interrupted = browser.job(job_id)
            job = _ended(shop, browser, job_id, polls)
            again = browser.job(job_id)
            files = list((tmp_path / "files" / "private" / "cutouts").iterdir())

        assert (interrupted["status"], interrupted["completedAt"]) == ("running", None)
        assert {poll["status"] for poll in polls} <= {"running", "done"}
        assert [asset["kind"] for asset in job["assets"]] == ["transparent"]
        assert again == job
        assert until(lambda: _work(shop)["modelWarm"] or None, lambda waited_s: None) is True
        # The artwork and its version with hard edges; nothing of the interrupted attempt that is not known.
        assert len(files) == 2
        assert shop.stop() == 0, shop.log_tail()


def _work(shop: Shop) -> Json:
    """What health says of the workers; it asks them every ten seconds."""
    work: Json = requests.get(f"{shop.url}/health", timeout=15).json()["work"]
    return work


def _running(browser: Storefront, job_id: str) -> Json | None:
    job = browser.job(job_id)
    return job if job["status"] == "running" else None


def _ended(shop: Shop, browser: Storefront, job_id: str, polls: list[Json]) -> Json:
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        polls.append(browser.job(job_id))
        if polls[-1]["status"] in ("done", "failed"):
            return polls[-1]
        time.sleep(0.25)
    pytest.fail(f"the job has not ended: {polls[-1]}\n{shop.log_tail()}")
