"""Jobs over HTTP: cancelling, streaming, the queue's facts, consent with the upload."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from tests.factories import AssetFactory, JobFactory
from uploads import events
from uploads.models import Asset, Job
from uploads.selectors import place_of, queue_age_s, usual_job_s

pytestmark = pytest.mark.django_db


def get(client: Client, job: Job) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/api/jobs/{job.pk}").json()["job"]
    return body


def test_cancelling_ends_the_job_in_words_that_the_storefront_shows(client: Client) -> None:
    job = JobFactory()
    answer = client.post(f"/api/jobs/{job.pk}/cancel")
    body = answer.json()["job"]
    assert (answer.status_code, body["status"], body["errorCode"]) == (200, "failed", "cancelled")
    assert (body["errorMessage"], body["assets"], body["queue"]) == (
        "The extraction was cancelled.",
        None,
        None,
    )
    assert client.post(f"/api/jobs/{job.pk}/cancel").status_code == 200
    assert Job.claim(job.pk) is None


def test_what_has_ended_cannot_be_cancelled(client: Client) -> None:
    job = JobFactory(status="done")
    answer = client.post(f"/api/jobs/{job.pk}/cancel")
    assert (answer.status_code, answer.json()["code"], answer.json()["jobStatus"]) == (
        409,
        "job_ended",
        "done",
    )
    job.refresh_from_db()
    assert job.status == "done"


@pytest.mark.parametrize("job_id", ["nonsense", "00000000-0000-4000-8000-000000000000"])
@pytest.mark.parametrize("action", ["cancel", "events"])
def test_a_job_that_is_not_there_is_404(client: Client, job_id: str, action: str) -> None:
    path = f"/api/jobs/{job_id}/{action}"
    answer = client.post(path) if action == "cancel" else client.get(path)
    assert (answer.status_code, answer.json()["message"]) == (404, "Job not found")


# --- The queue's facts ---


def test_place_age_and_likely_end_are_in_the_answer(client: Client) -> None:
    now = timezone.now()
    for minutes in (3, 2):
        JobFactory(available_at=now - timedelta(minutes=minutes))
    JobFactory(status="running", lease_expires_at=now + timedelta(minutes=1))
    for seconds in (4, 10, 6):
        JobFactory(status="done", completed_at=now, stages={"a": seconds * 500, "b": seconds * 500})
    mine = JobFactory(available_at=now - timedelta(minutes=1))
    queue = get(client, mine)["queue"]
    assert queue["position"] == 2
    assert 179 <= queue["ageSeconds"] <= 182
    assert queue["etaSeconds"] == 18  # two before it and itself, six seconds each, by one worker


def test_more_workers_are_sooner_done() -> None:
    now = timezone.now()
    for _ in range(4):
        JobFactory(available_at=now - timedelta(minutes=2))
    mine = JobFactory(available_at=now - timedelta(minutes=1))
    alone = place_of(mine)
    for _ in range(4):
        JobFactory(status="running", lease_expires_at=now + timedelta(minutes=1))
    together = place_of(mine)
    assert alone is not None and together is not None
    assert (alone.eta_s, together.eta_s) == (30, 12)


def test_a_running_job_is_before_all_and_an_ended_one_nowhere() -> None:
    running = place_of(JobFactory(status="running"))
    assert running is not None and running.position == 0
    assert place_of(JobFactory(status="done")) is None
    assert queue_age_s() == 0
    assert usual_job_s() == 6.0


# --- Server-sent events ---


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_S", 0.01)
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.05)


def told(stream: Iterator[bytes]) -> list[dict[str, Any]]:
    text = b"".join(stream).decode()
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def test_a_finished_job_is_told_once_and_the_stream_ends(client: Client) -> None:
    job = JobFactory(status="done", step="done")
    answer = client.get(f"/api/jobs/{job.pk}/events", headers={"accept": "text/event-stream"})
    assert answer["Content-Type"] == "text/event-stream"
    assert (answer["Cache-Control"], answer["X-Accel-Buffering"]) == ("no-store", "no")
    (body,) = told(answer.streaming_content)  # type: ignore[arg-type]
    assert (body["id"], body["status"]) == (str(job.pk), "done")


def test_every_step_is_told_as_the_poll_tells_it(impatient: None, client: Client) -> None:
    job = JobFactory()
    stream = events.JobStream(str(job.pk))
    lines = iter(stream)
    assert next(lines) == b"retry: 2000\n\n"
    seen = [next(lines)]
    for change in (
        {"status": "running", "step": "extract"},
        {"step": "background"},
        {"status": "done", "step": "done"},
    ):
        Job.objects.filter(pk=job.pk).update(**change)
        seen.append(next(line for line in lines if line.startswith(b"id: ")))
    bodies = told(iter(seen))
    assert [body["status"] for body in bodies] == ["queued", "running", "running", "done"]
    assert "Step 2" in bodies[2]["logs"]
    assert list(lines) == []
    assert bodies[3] == json.loads(json.dumps(get(client, job)))
    stream.close()


def test_whoever_reconnects_is_not_told_again(impatient: None) -> None:
    job = JobFactory()
    first = events.JobStream(str(job.pk))
    lines = iter(first)
    next(lines)
    last_id = next(lines).decode().splitlines()[0].removeprefix("id: ")
    first.close()
    again = events.JobStream(str(job.pk), last_seen=last_id)
    lines = iter(again)
    next(lines)
    assert next(lines) == b": still here\n\n"
    again.close()


def test_a_stream_ends_with_its_time_or_with_its_job(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JobFactory()
    monkeypatch.setattr(events, "LONGEST_S", 0.05)
    stream = events.JobStream(str(job.pk))
    assert [body["status"] for body in told(iter(stream))] == ["queued"]
    stream.close()


def test_streams_are_few_and_their_places_come_back(client: Client) -> None:
    job = JobFactory()
    streams = [events.JobStream(str(job.pk)) for _ in range(events.STREAMS_PER_PROCESS)]
    refusal = client.get(f"/api/jobs/{job.pk}/events")
    assert (refusal.status_code, refusal.json()["code"], refusal["Retry-After"]) == (
        503,
        "too_many_streams",
        "2",
    )
    for stream in streams:
        stream.close()
        stream.close()
    events.JobStream(str(job.pk)).close()


# --- Consent ---


@pytest.mark.parametrize(
    ("field", "consent"), [("true", True), ("1", True), ("false", False), ("", False), (None, False)]
)
def test_the_upload_may_say_that_the_photo_may_be_shown(
    client: Client, field: str | None, consent: bool
) -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 9, 9)).save(file, "PNG")
    form: dict[str, Any] = {"file": SimpleUploadedFile("shirt.png", file.getvalue(), "image/png")}
    answer = client.post(
        "/api/uploads/shirt-photo", form | ({} if field is None else {"photo_consent": field})
    )
    assert answer.status_code == 201, answer.content
    assert Job.objects.get(pk=answer.json()["data"]["jobId"]).photo_consent is consent


def test_the_cut_out_comes_first_and_the_others_are_offers_beside_it(client: Client) -> None:
    job = JobFactory(status="done")
    for kind in (Asset.Kind.HARD, Asset.Kind.ALTERNATIVE, Asset.Kind.TRANSPARENT):
        AssetFactory(job=job, kind=kind, owner_type=Asset.OwnerType.JOB)
    assert [asset["kind"] for asset in get(client, job)["assets"]] == ["transparent", "alternative"]
