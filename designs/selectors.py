"""Reading designs. Everybody sees only their own."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from common.errors import NotFound
from designs.models import Design, DesignArtwork, DesignVersion, VersionArtwork


def designs_of(user: User) -> QuerySet[Design]:
    """Newest change first, with all that the wire needs in two queries."""
    artworks = DesignArtwork.objects.select_related("asset")
    return (
        Design.objects.filter(user=user)
        .select_related("product", "variant__colour", "variant__size", "alt_text_request")
        .prefetch_related(Prefetch("artworks", artworks))
    )


def design_of(user: User, design_id: str) -> Design:
    """Raises NotFound for unknown ids, malformed ids and other people's designs alike."""
    try:
        return designs_of(user).get(pk=UUID(design_id))
    except (ValueError, Design.DoesNotExist) as error:
        raise NotFound("Design not found", code="design_not_found") from error


def versions_of(design: Design) -> QuerySet[DesignVersion]:
    """Newest first."""
    return design.versions.select_related("variant__colour", "variant__size").prefetch_related(
        Prefetch("artworks", VersionArtwork.objects.select_related("asset"))
    )


def version_of(design: Design, number: int) -> DesignVersion:
    """Raises NotFound."""
    version = versions_of(design).filter(number=number).first()
    if version is None:
        raise NotFound("Version not found", code="version_not_found")
    return version
