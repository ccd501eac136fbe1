"""The life of a price book: draft, preview, publish, roll back. No deployment is needed for any of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.errors import Conflict, NotFound, Unprocessable
from pricing.books import QuoteDifference, price_rises, quote_differences
from pricing.engine import Breakdown, LineInput, NotPriceable, price
from pricing.models import PriceBook
from pricing.rules import Book, RulesInvalid

log = structlog.get_logger(__name__)


def line_price(book: Book, line: LineInput, *, pointer: str = "") -> Breakdown:
    """What a line costs. Raises Unprocessable with the engine's code; `pointer` says where the line stands."""
    try:
        return price(book, line)
    except NotPriceable as error:
        detail = {"pointer": pointer + error.pointer, "code": error.code, "detail": error.message}
        raise Unprocessable(error.message, code=error.code, errors=[detail]) from error


@transaction.atomic
def book_draft(code: str) -> PriceBook:
    """A draft with the published rules and the next version.

    Raises NotFound without a published book, and Conflict `draft_exists` where one is being worked on.
    """
    versions = _locked(code)
    published = _published(versions)
    if published is None:
        raise NotFound(f"No published price book {code!r}", code="price_book_not_found")
    draft = next((version for version in versions if version.is_draft), None)
    if draft is not None:
        raise Conflict(f"{draft} is a draft already. Publish or delete it first.", code="draft_exists")
    return PriceBook.objects.create(
        code=code,
        version=_next_version(versions),
        rules=published.rules,
        allows_rising_prices=published.allows_rising_prices,
    )


@transaction.atomic
def book_publish(draft: PriceBook, by: User | None, *, accept_rising_prices: bool = False) -> PriceBook:
    """Puts a draft in force and retires the version before it, in one step.

    Raises Conflict `not_a_draft`, and Unprocessable `rules_invalid` with pointers, or `prices_rise` where more pieces
    would cost more each and nobody has accepted that.
    """
    versions = _locked(draft.code)
    row = next((version for version in versions if version.pk == draft.pk), None)
    if row is None or not row.is_draft:
        raise Conflict(f"{draft} is not a draft.", code="not_a_draft")
    row.allows_rising_prices = row.allows_rising_prices or accept_rising_prices
    _refuse_unsound(row)
    highest = _next_version(versions) - 1
    if row.version < highest:  # a roll-back has overtaken it
        row.version = highest + 1
    _put_in_force(row, _published(versions), by)
    return row


@transaction.atomic
def book_rollback(code: str, by: User | None) -> PriceBook:
    """Publishes the rules of the newest retired version again, as a new version.

    Raises NotFound where nothing is published, and Conflict `nothing_to_roll_back_to` for a first version.
    """
    versions = _locked(code)
    published = _published(versions)
    if published is None:
        raise NotFound(f"No published price book {code!r}", code="price_book_not_found")
    retired = [version for version in versions if version.status == PriceBook.Status.RETIRED]
    if not retired:
        raise Conflict(f"{published} has no version before it.", code="nothing_to_roll_back_to")
    former = max(retired, key=lambda version: version.version)
    row = PriceBook(
        code=code,
        version=_next_version(versions),
        rules=former.rules,
        notes=f"Rolled back from version {published.version} to the rules of version {former.version}.",
        allows_rising_prices=former.allows_rising_prices,
    )
    _put_in_force(row, published, by)
    return row


def book_diff(
    draft: PriceBook, quotes: Iterable[tuple[UUID, LineInput, Decimal]]
) -> list[QuoteDifference[UUID]]:
    """Past quotes (id, line, quoted total), priced by the published version and by the draft. Raises RulesInvalid."""
    published = PriceBook.objects.filter(code=draft.code, status=PriceBook.Status.PUBLISHED).first()
    return quote_differences(published.parse() if published else None, draft.parse(), quotes)


def _locked(code: str) -> list[PriceBook]:
    return list(PriceBook.objects.select_for_update().filter(code=code).order_by("pk"))


def _published(versions: Sequence[PriceBook]) -> PriceBook | None:
    return next((v for v in versions if v.status == PriceBook.Status.PUBLISHED), None)


def _next_version(versions: Sequence[PriceBook]) -> int:
    return max((version.version for version in versions), default=0) + 1


def _refuse_unsound(row: PriceBook) -> None:
    try:
        book = row.parse()
    except RulesInvalid as error:
        errors = [
            {"pointer": f"/rules{pointer}", "code": "rules_invalid", "detail": message}
            for pointer, message in error.errors
        ]
        raise Unprocessable(
            f"The rules cannot be read: {error}", code="rules_invalid", errors=errors
        ) from error
    rises = [] if row.allows_rising_prices else price_rises(book)
    if rises:
        errors = [{"pointer": "/rules", "code": "prices_rise", "detail": str(rise)} for rise in rises]
        message = "More pieces would cost more each. Correct the rules, or accept it."
        raise Unprocessable(message, code="prices_rise", errors=errors)


def _put_in_force(row: PriceBook, former: PriceBook | None, by: User | None) -> None:
    if former is not None:
        former.status = PriceBook.Status.RETIRED
        former.save(update_fields=["status", "updated_at"])
    row.status = PriceBook.Status.PUBLISHED
    row.published_at = timezone.now()
    row.published_by = by
    row.save()
    log.info(
        "price_book.published",
        code=row.code,
        version=row.version,
        former_version=former.version if former else None,
        user_id=str(by.pk) if by else None,
    )
