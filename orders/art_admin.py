"""The art queue: one doubtful cut-out after the other, on every background, with what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.decorators import display

from accounts.models import User
from common.admin import LongList, LookedAtOnly
from common.errors import DomainError, Unprocessable
from orders.models import LineArtwork
from orders.production.art_desk import art_approve, art_reject, art_replace, artworks_open
from products.models import Colour
from uploads.models import ArtReview, CutoutTrial, Job
from uploads.review import Shares, review_rerun

_REASONS = (
    "Parts of the artwork are missing.",
    "Parts of the shirt or the background are still there.",
    "The edges are frayed or have a halo.",
    "The photo is too small or too blurred to print.",
)
_CATALOGUE_COLOURS = 4
_SIDES = ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class Ground:
    """A colour that the cut-out is shown on."""

    name: str
    hex: str


def pending_reviews() -> QuerySet[ArtReview]:
    """What waits for a decision: ordered pictures first, the earliest due before all."""
    picture = Coalesce(OuterRef("replaces_id"), OuterRef("asset_id"))
    due = (
        LineArtwork.objects.filter(asset_id=picture)
        .order_by("line__pack__due_on")
        .values("line__pack__due_on")
    )
    return (
        ArtReview.objects.filter(status=ArtReview.Status.PENDING)
        .annotate(due_on=Subquery(due[:1]))
        .order_by(F("due_on").asc(nulls_last=True), "created_at", "pk")
    )


@admin.register(ArtReview)
class ArtReviewAdmin(LookedAtOnly, LongList):
    """Every decision, and the queue of those that are still to be made."""

    list_display = ["picture", "asset", "state", "reason", "decided_by", "decided_at", "created_at"]
    list_display_links = ["asset"]
    list_filter = ["status"]
    list_select_related = ["asset", "decided_by"]
    search_fields = ["asset__original_name"]
    fields = readonly_fields = (
        "picture", "asset", "replaces_id", "status", "reason", "decided_by", "decided_at", "created_at",
    )  # fmt: skip

    @display(description="")
    def picture(self, review: ArtReview) -> SafeString:
        return format_html(
            '<img src="{}" alt="" loading="lazy" class="st-thumb st-checker">', review.asset.file_url
        )

    @display(
        description="Status",
        label={"pending": "warning", "approved": "success", "rejected": "danger", "replaced": "info"},
    )
    def state(self, review: ArtReview) -> str:
        return review.status

    # --- The queue ------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("queue/", guard(self.queue_page), name="uploads_artreview_queue"),
            path("queue/<uuid:pk>/", guard(self.item_page), name="uploads_artreview_item"),
            path(
                "queue/<uuid:pk>/<slug:verb>/",
                guard(require_POST(self.decide_page)),
                name="uploads_artreview_decide",
            ),
            *super().get_urls(),
        ]

    def _decider(self, request: HttpRequest) -> User:
        user = request.user
        if not isinstance(user, User) or not user.has_perm("uploads.change_artreview"):
            raise PermissionDenied
        return user

    def queue_page(self, request: HttpRequest) -> HttpResponse:
        """The next item; after the one that was skipped, if one was. An empty page where there is none."""
        self._decider(request)
        waiting = list(pending_reviews().values_list("pk", flat=True)[:500])
        skipped = request.GET.get("after", "")
        keys = [str(pk) for pk in waiting]
        if skipped in keys:
            place = keys.index(skipped) + 1
            keys = keys[place:] + keys[:place]
        if keys:
            return HttpResponseRedirect(reverse("admin:uploads_artreview_item", args=[keys[0]]))
        context = {**self.admin_site.each_context(request), "title": "Art queue", "opts": self.opts}
        return TemplateResponse(request, "orders/admin/art_empty.html", context)

    def item_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        self._decider(request)
        review = get_object_or_404(
            ArtReview.objects.select_related("asset__job__source", "decided_by"), pk=pk
        )
        asset, ordered = review.asset, list(artworks_open(review.replaces_id or review.asset_id)[:20])
        source = asset.job.source if asset.job else None
        grounds = {
            a.line.colour_hex: Ground(f"{a.line.colour_name}, ordered", a.line.colour_hex) for a in ordered
        }
        for colour in Colour.objects.order_by("name")[:_CATALOGUE_COLOURS]:
            grounds.setdefault(colour.hex, Ground(colour.name, colour.hex))
        context = {
            **self.admin_site.each_context(request),
            "title": "Art queue",
            "opts": self.opts,
            "review": review,
            "asset": asset,
            "source": source,
            "box": _box(asset.metadata, source),
            "facts": asset.metadata,
            "scores": sorted(asset.metadata.get("components", {}).items()),
            "least_score": settings.CUTOUT_MIN_SCORE,
            "artworks": ordered,
            "grounds": list(grounds.values()),
            "waiting": pending_reviews().count(),
            "removers": _removers() if source else [],
            "reasons": _REASONS,
            "sides": _SIDES,
            "failed": review.reruns.filter(status=Job.Status.FAILED).first(),
            "skip": f"{reverse('admin:uploads_artreview_queue')}?{urlencode({'after': str(review.pk)})}",
        }
        return TemplateResponse(request, "orders/admin/art_item.html", context)

    def decide_page(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Does what was decided, and goes on to the next item."""
        user = self._decider(request)
        review = get_object_or_404(ArtReview.objects.select_related("asset"), pk=pk)
        if verb not in ("approve", "reject", "rerun", "replace"):
            raise Http404
        try:
            messages.success(request, self._decide(request, review, verb, user))
        except DomainError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(reverse("admin:uploads_artreview_item", args=[pk]))
        return HttpResponseRedirect(
            f"{reverse('admin:uploads_artreview_queue')}?{urlencode({'after': str(pk)})}"
        )

    def _decide(self, request: HttpRequest, review: ArtReview, verb: str, user: User) -> str:
        name = review.asset.original_name
        if verb == "approve":
            lines = art_approve(review, user=user)
            return f"{name} is approved." + (
                f" {_lines(lines)} got it in place of the old one." if lines else ""
            )
        if verb == "reject":
            held = art_reject(review, user=user, reason=request.POST.get("reason", ""))
            return f"{name} is rejected. Orders put on hold: {held}."
        if verb == "rerun":
            review_rerun(review, arm=request.POST.get("arm", ""), within=_marked(request))
            return f"{name} is being cut out again; the result comes into the queue."
        sent = request.FILES.get("file")
        if sent is None or (sent.size or 0) > settings.UPLOAD_FILE_MAX_BYTES:
            most = settings.UPLOAD_FILE_MAX_BYTES // 1024 // 1024
            raise DomainError(f"Choose a file of at most {most} MB.", code="file_required")
        lines = art_replace(review, sent.read(), name=sent.name or "replacement", user=user)
        return f"{name} is replaced. {_lines(lines)} changed."


def _marked(request: HttpRequest) -> Shares | None:
    """The part of the photo that was marked, sent in percent; None where none was."""
    sent = [request.POST.get(side, "") for side in _SIDES]
    if not any(sent):
        return None
    try:
        left, top, right, bottom = (float(value) / 100 for value in sent)
    except ValueError as error:
        raise Unprocessable("Mark the part with four numbers.", code="part_unusable") from error
    return left, top, right, bottom


def _lines(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'} of orders"


def _removers() -> list[tuple[str, str, str]]:
    """The removers that can be asked: value, name, key on the keyboard. The paid one only where there is a key."""
    own = (CutoutTrial.Arm.SELF_HOSTED.value, "our own rembg", "1")
    paid = (CutoutTrial.Arm.REMOVEBG.value, "remove.bg", "2")
    return [own, paid] if settings.REMOVEBG_API_KEY else [own]


def _box(facts: dict[str, Any], source: Any) -> dict[str, float] | None:
    """Where the cut-out lies on its source, in percent; None where it was drawn or straightened, and lies nowhere."""
    box = facts.get("source_box_px")
    if source is None or not box or facts.get("drawn") or facts.get("perspectiveCorrected"):
        return None
    left, top, right, bottom = box
    if right > source.width_px or bottom > source.height_px or right <= left or bottom <= top:
        return None
    return {
        "left": 100 * left / source.width_px,
        "top": 100 * top / source.height_px,
        "width": 100 * (right - left) / source.width_px,
        "height": 100 * (bottom - top) / source.height_px,
    }
