"""The power fails in the middle of a cut-out: after the next start the work is finished, once."""

import time
from pathlib import Path

from demo.storefront import Json, Storefront, wait_for_job
from demo.walk import PHOTO, until
from tests.server import running_shop

# The lease that the first shop takes; when it has run out, the second may take the work over.
LEASE_S = 5


def test_a_cut_out_survives_the_death_of_every_process(tmp_path: Path) -> None:
    with running_shop(tmp_path, WORK_LEASE_S=str(LEASE_S), SWEEP_INTERVAL_S="1") as shop:
        browser = Storefront(shop.url)
        with browser.session:
            job_id = browser.upload_photo(PHOTO)["jobId"]
            until(lambda: _running(browser, job_id), lambda waited_s: None, interval_s=0.05)
            shop.kill()
        assert not shop.is_ready()

        shop.settings = {"SWEEP_INTERVAL_S": "1"}
        shop.start()
        browser = Storefront(shop.url)
        polls: list[Json] = []
        with browser.session:
            interrupted = browser.job(job_id)
            job = wait_for_job(browser, job_id, sleep=_wait, on_poll=polls.append)
            again = browser.job(job_id)
            files = list((tmp_path / "files" / "private" / "cutouts").iterdir())

        assert (interrupted["status"], interrupted["completedAt"]) == ("running", None)
        assert {poll["status"] for poll in polls} <= {"running", "done"}
        assert [asset["kind"] for asset in job["assets"]] == ["transparent"]
        assert again == job
        # The artwork and its version with hard edges; nothing of the interrupted attempt that is not known.
        assert len(files) == 2
        assert shop.stop() == 0, shop.log_tail()


def _running(browser: Storefront, job_id: str) -> Json | None:
    job = browser.job(job_id)
    return job if job["status"] == "running" else None


def _wait(seconds: float) -> None:
    time.sleep(seconds / 8)
