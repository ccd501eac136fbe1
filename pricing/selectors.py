"""The price books in force."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from common.errors import NotFound
from pricing.engine import LineInput
from pricing.models import PriceBook, Quote
from pricing.rules import Book

STOREFRONT_BOOK = "storefront"
STANDARD_BOOK = "standard"
TRADE_BOOK = "trade"
_OWN_BOOKS = {STOREFRONT_BOOK, STANDARD_BOOK, TRADE_BOOK}

# One parsed book per code and process. The key is read from the database at every use, so that what staff publish
# holds at once in all processes.
_parsed: dict[str, tuple[tuple[UUID, int, datetime], Book]] = {}


# The books that were in force under the catalogue's newest token, which a written book renews as well.
_as_of: dict[str, dict[str, Book]] = {}


def published_book(code: str, *, as_of: str = "") -> Book:
    """The published book. One small query, and a second one after a change; none where the caller has the catalogue's
    token (`as_of`) and the book was read under it before.

    Raises NotFound for an unknown code, and ImproperlyConfigured where one of the shop's own books is missing.
    """
    if as_of and code in _as_of.get(as_of, {}):
        return _as_of[as_of][code]
    book = _published(code)
    if as_of:
        if as_of not in _as_of:
            _as_of.clear()
        _as_of.setdefault(as_of, {})[code] = book
    return book


def _published(code: str) -> Book:
    published = PriceBook.objects.filter(code=code, status=PriceBook.Status.PUBLISHED)
    key = published.values_list("pk", "version", "updated_at").first()
    if key is None and code not in _OWN_BOOKS:
        raise NotFound(f"No published price book {code!r}", code="price_book_not_found")
    if key is None:
        raise ImproperlyConfigured(f"no published price book {code!r}; run `manage.py seed_prices`")
    known = _parsed.get(code)
    if known is not None and known[0] == key:
        return known[1]
    row = PriceBook.objects.get(pk=key[0])
    book = row.parse()
    _parsed[code] = ((row.pk, row.version, row.updated_at), book)
    return book


def book_version(code: str, version: int) -> Book:
    """The book that a quote or an order cites, whatever its status, to price again as it was then. Raises NotFound."""
    row = PriceBook.objects.filter(code=code, version=version).first()
    if row is None:
        raise NotFound("Price book not found", code="price_book_not_found")
    return row.parse()


def quotes_to_compare(code: str, limit: int = 200) -> list[tuple[UUID, LineInput, Decimal]]:
    """The newest quotes by a book: id, line and quoted total."""
    rows = Quote.objects.filter(book=code).order_by("-created_at").values_list("pk", "line", "total")[:limit]
    return [(pk, LineInput.from_json(line), total) for pk, line, total in rows]
