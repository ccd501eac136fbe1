"""From a claimed job to its pictures: decode, find the artwork, remove the background, judge, record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from numpy.typing import NDArray

from common import ledger
from common.errors import ProviderError
from common.storage import private_storage
from uploads.cutout import files, reuse
from uploads.cutout.artwork import STEP_FIND, Cutout, CutoutFailed, extract_artwork
from uploads.cutout.comparison import Scores, trials_create
from uploads.cutout.gate import judged
from uploads.cutout.hard_edges import without_semi_transparency
from uploads.cutout.progress import Progress, TookTooLong
from uploads.cutout.providers import Attempt, Removers
from uploads.cutout.recording import PRINT_DPI, Output, Superseded, density_facts, record, refuse_uncut
from uploads.cutout.tasks import ring_cutout
from uploads.extraction.fidelity import fidelity
from uploads.extraction.lettering import lettering_compared, rapidocr_reader
from uploads.extraction.services import DrawnArtwork, artwork_drawn
from uploads.extraction.straighten import straightened
from uploads.imaging.decode import ImageRejected, Picture, decode
from uploads.imaging.encode import encode_png
from uploads.imaging.sandbox import read_picture
from uploads.models import Asset, CutoutTrial, Job

log = structlog.get_logger(__name__)

ByteArray = NDArray[np.uint8]
_TRY_AGAIN = "The picture could not be processed. Please try again."


@dataclass
class Findings:
    """What was cut out of the picture, and what is worth telling about it beside the pictures."""

    main: Cutout
    own_score: float = 1.0
    paid: bool = False
    paid_score: float | None = None
    alternative: Cutout | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def run(job_id: str) -> None:
    """Does the job if it is ours to do. The last failed attempt leaves it `failed` with a reason for the customer."""
    job = Job.claim(job_id)
    if job is None:
        return
    removers = Removers.of(job)
    try:
        with job.heartbeat(limit_s=settings.CUTOUT_TIME_LIMIT_S):
            _do(job, removers, Progress(job))
    except Superseded:
        log.info("cutout.superseded", job_id=job_id)
    except (CutoutFailed, ImageRejected) as error:
        _failed(job, removers, error.code, error.message, retryable=False)
    except ProviderError as error:
        _failed(
            job,
            removers,
            "provider_unavailable",
            _TRY_AGAIN,
            retryable=error.retryable,
            after_s=error.retry_after_s,
        )
        log.warning("cutout.provider_failed", job_id=job_id, provider=error.provider, error=str(error))
    except (TookTooLong, SoftTimeLimitExceeded):
        _failed(
            job, removers, "took_too_long", "The picture took too long. Please try again.", retryable=True
        )
    except Exception:
        _failed(job, removers, "internal_error", _TRY_AGAIN, retryable=True)
        log.exception("cutout.crashed", job_id=job_id)


def _failed(
    job: Job, removers: Removers, code: str, message: str, *, retryable: bool, after_s: float | None = None
) -> None:
    delay = job.fail(code, message, retryable=retryable, after_s=after_s)
    trials_create(removers, None)
    if delay is not None:
        ring_cutout(str(job.pk), countdown_s=delay.total_seconds())
    log.info(
        "cutout.attempt_failed", job_id=str(job.pk), code=code, attempt=job.attempts, again=delay is not None
    )


def _do(job: Job, removers: Removers, progress: Progress) -> None:
    progress.step(Job.Step.STARTING)
    job.content_key = reuse.content_key(job)
    if answer_from_cache(job):
        return
    data = files.read(private_storage(), job.source.original_file)
    picture = read_picture(data, max_pixels=settings.UPLOAD_MAX_PIXELS)
    if job.within is None:
        findings = _found(job, picture, removers, progress)
    else:
        left, top, right, bottom = job.within
        part = picture.part((left, top, right, bottom))
        findings = _moved(_found(job, part, removers, progress), left, top)
    progress.step(Job.Step.DPI)
    outputs = _outputs(findings)
    progress.step(Job.Step.VERIFY)
    for output in outputs:
        if refuse_uncut(decode(output.png).rgba):
            raise CutoutFailed("not_separable", "The artwork could not be told from its background.")
    _record(job, outputs, findings, removers, progress)


def _found(job: Job, picture: Picture, removers: Removers, progress: Progress) -> Findings:
    if picture.is_cut_out:
        return Findings(_already_cut(picture))
    progress.step(Job.Step.EXTRACT)
    photo = picture.rgb
    progress.stage("drawing")
    drawn = artwork_drawn(job, photo)
    if drawn is not None:
        return _of_drawing(drawn, photo, removers, progress)
    return _of_photo(photo, removers, progress)


def _moved(findings: Findings, x_px: int, y_px: int) -> Findings:
    """What was found in a part of the photo, in its place in the whole. A drawing lies on no photo."""

    def moved(cutout: Cutout) -> Cutout:
        left, top, right, bottom = cutout.box
        return replace(cutout, box=(left + x_px, top + y_px, right + x_px, bottom + y_px))

    drawn = "drawing" in findings.facts
    return replace(
        findings,
        main=findings.main if drawn else moved(findings.main),
        alternative=moved(findings.alternative) if findings.alternative else None,
    )


def _of_photo(photo: ByteArray, removers: Removers, progress: Progress) -> Findings:
    """The photo's own artwork, and a paid second opinion where ours is not to be trusted."""
    own = extract_artwork(photo, removers.mask, lambda text: _announce(progress, text))
    progress.stage("gate")
    verdict = judged(
        own,
        photo,
        least_score=settings.CUTOUT_MIN_SCORE,
        paid_cut_out=removers.removebg_cut_out,
        paid_mask=removers.removebg_mask,
    )
    straight = straightened(verdict.cutout)
    return Findings(
        straight or verdict.cutout,
        own_score=verdict.own_score,
        paid=verdict.paid,
        paid_score=verdict.paid_score,
        facts={"perspectiveCorrected": straight is not None},
    )


def _of_drawing(drawn: DrawnArtwork, photo: ByteArray, removers: Removers, progress: Progress) -> Findings:
    """The drawing cut off its key colour, and the photo's own artwork beside it: the customer may prefer either."""
    main = extract_artwork(drawn.rgb, removers.mask, lambda text: _announce(progress, text))
    progress.stage("alternative")
    facts: dict[str, Any] = {"drawing": {"model": drawn.model, "keyColour": drawn.key_colour}}
    alternative = None
    try:
        seen = extract_artwork(photo, removers.mask, _unheard)
        alternative = straightened(seen) or seen
        progress.stage("fidelity")
        facts["fidelity"] = _fidelity(main, seen)
    except (CutoutFailed, ProviderError) as error:  # the drawing is a result without it
        facts["alternativeError"] = error.code
        facts["fidelity"] = {"matches": None, "reasons": ["print_not_found_in_photo"]}
    return Findings(main, own_score=main.confidence, alternative=alternative, facts=facts)


def _fidelity(drawn: Cutout, seen: Cutout) -> dict[str, Any]:
    """How faithful the drawing is to the print in the photo, in the words of the job's answer."""
    reader = rapidocr_reader() if settings.FIDELITY_OCR == "rapidocr" else None
    try:
        found = fidelity(drawn.rgba, seen.rgba)
        lettering = lettering_compared(drawn.rgba, seen.rgba, reader)
    except ValueError:
        return {"matches": None, "reasons": ["nothing_to_compare"]}
    text: dict[str, Any] = {"checked": lettering.matches is not None}
    if text["checked"]:
        text |= {"matches": lettering.matches, "drawing": lettering.drawing, "photo": lettering.photo}
    return {
        "matches": found.matches and lettering.matches is not False,
        "reasons": [*found.reasons, *(["text"] if lettering.matches is False else [])],
        "text": text,
        "score": round(found.score, 3),
        "edgeOverlap": round(found.edge_overlap, 3),
        "paletteDistance": round(found.palette_distance, 1),
        "aspectRatio": round(found.aspect_ratio, 3),
    }


def _announce(progress: Progress, text: str) -> None:
    """Any step of the core after the artwork has been looked for is the storefront's second step."""
    progress.step(Job.Step.EXTRACT if text == STEP_FIND else Job.Step.BACKGROUND)


def _unheard(text: str) -> None:
    """The storefront's bar stays where the main picture has left it."""


def _already_cut(picture: Picture) -> Cutout:
    """A picture that arrives with real transparency is the cut-out."""
    height, width = picture.rgba.shape[:2]
    return Cutout(rgba=picture.rgba, method="given", confidence=1.0, box=(0, 0, width, height), components={})


def _outputs(findings: Findings) -> list[Output]:
    """The pictures to store: the artwork, where there is one the photo's own, where a method needs it hard edges."""
    drawn = "drawing" in findings.facts
    outputs = [_output(Asset.Kind.TRANSPARENT, findings.main, drawn=drawn, facts=findings.facts)]
    if findings.alternative is not None:
        outputs.append(_output(Asset.Kind.ALTERNATIVE, findings.alternative, drawn=False, facts={}))
    if reuse.hard_edges_needed():
        hard = without_semi_transparency(findings.main.rgba)
        if hard[..., 3].any():
            height_px, width_px = hard.shape[:2]
            outputs.append(Output(Asset.Kind.HARD, encode_png(hard, dpi=PRINT_DPI), width_px, height_px))
    return outputs


def _output(kind: Asset.Kind, cutout: Cutout, *, drawn: bool, facts: dict[str, Any]) -> Output:
    rgba = np.ascontiguousarray(cutout.rgba)
    height_px, width_px = rgba.shape[:2]
    source_px = None if drawn else cutout.box[2] - cutout.box[0]
    metadata = {
        "method": cutout.method,
        "route": cutout.route,
        "confidence": round(cutout.confidence, 4),
        "needs_review": cutout.confidence < settings.CUTOUT_MIN_SCORE
        or facts.get("fidelity", {"matches": True})["matches"] is not True,
        "source_box_px": list(cutout.box),
        "components": {name: round(value, 4) for name, value in cutout.components.items()},
        "drawn": drawn,
        **density_facts(width_px, height_px, source_px),
        **facts,
    }
    return Output(kind, encode_png(rgba, dpi=PRINT_DPI), width_px, height_px, metadata)


def _record(
    job: Job, outputs: list[Output], findings: Findings, removers: Removers, progress: Progress
) -> None:
    """Writes the end of the job; then what it took, which is worth having but not worth failing for."""
    facts = {
        "stagesMs": dict(progress.close()),
        "provider": "removebg" if findings.paid else _provider(removers, findings.main),
        "paidScore": None if findings.paid_score is None else round(findings.paid_score, 4),
        **findings.facts,
    }
    job.note(content_key=job.content_key, stages=progress.stages)
    if not record(job, outputs, facts):
        return
    if findings.main.method == "colour_key" and not removers.attempts:
        spent_ms = progress.stages.get(Job.Step.BACKGROUND, 0)
        removers.attempts.append(Attempt("colour_key", CutoutTrial.Role.PRIMARY, True, duration_ms=spent_ms))
    scores = Scores(own=findings.own_score, paid=findings.paid_score, keeps_paid=findings.paid)
    trials_create(removers, scores)
    _charge(job, removers, progress)
    log.info(
        "cutout.done",
        job_id=str(job.pk),
        method=findings.main.method,
        seconds=round(progress.seconds, 2),
        confidence=round(findings.main.confidence, 3),
        provider=facts["provider"],
    )


def _provider(removers: Removers, cutout: Cutout) -> str:
    """Whose mask the result rests on; an even background needs nobody's."""
    if cutout.method in ("colour_key", "given"):
        return cutout.method
    own = (attempt for attempt in removers.attempts if attempt.role != CutoutTrial.Role.GATE)
    return next((attempt.provider for attempt in own if attempt.succeeded), cutout.method)


def _charge(job: Job, removers: Removers, progress: Progress) -> None:
    """The job's own row in the ledger: the time beside the removers' calls, and what the paid way would have cost."""
    elsewhere_s = sum(attempt.duration_ms for attempt in removers.attempts) / 1000
    seconds = max(0.0, progress.seconds - elsewhere_s)
    call = ledger.Call(
        units=Decimal(str(round(seconds, 4))),
        cost_usd=ledger.processor_cost_usd(seconds),
        baseline_usd=settings.PAID_PICTURE_USD,
        duration_ms=round(progress.seconds * 1000),
    )
    ledger.entry_create("local", "cutout", call, unit="cpu_s", subject=str(job.pk))


def run_if_known(job: Job) -> None:
    """Claims the job only to end it with an equal one's result; gives it back where that is not possible."""
    mine = Job.claim(job.pk)
    if mine is None:
        return
    try:
        if answer_from_cache(mine):
            return
    except ProviderError as error:
        log.warning("cutout.cache_unreadable", job_id=str(job.pk), error=str(error))
    mine.release()


def answer_from_cache(job: Job) -> bool:
    """Ends a claimed job with the result of an equal one, if there is one: at once and for nothing."""
    twin = reuse.finished_twin(job)
    pictures = reuse.pictures_of(twin) if twin else None
    if twin is None or not pictures:
        return False
    outputs = [
        Output(Asset.Kind(asset.kind), png, asset.width_px, asset.height_px, asset.metadata)
        for asset, png in pictures
    ]
    known = (
        "provider", "paidScore", "drawing", "fidelity", "alternativeError", "perspectiveCorrected",
    )  # fmt: skip
    facts = {name: twin.result[name] for name in known if name in twin.result}
    job.note(content_key=job.content_key)
    if record(job, outputs, facts | {"stagesMs": {}, "cached": True}):
        call = ledger.Call(baseline_usd=settings.PAID_PICTURE_USD)
        ledger.entry_create("local", "cutout", call, unit="cpu_s", subject=str(job.pk), outcome="cached")
        log.info("cutout.cached", job_id=str(job.pk), twin_id=str(twin.pk))
    return True
