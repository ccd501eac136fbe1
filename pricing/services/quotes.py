"""Quotes: priced, frozen, signed, and honoured for a day whatever becomes of the price book."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from common.canonical import canonical_hash, canonical_json
from common.errors import Conflict, NotFound
from pricing.engine import Breakdown, LineInput
from pricing.models import Quote
from pricing.rules import Book

_SALT = "pricing.quote"


def quote_freeze(
    *, book: Book, line: LineInput, breakdown: Breakdown, variant_id: UUID, design_hash: str
) -> Quote:
    """Stores what was priced and what it costs, signed over all that its holder relies on."""
    now = timezone.now()
    quote = Quote(
        id=uuid4(),
        book=book.code,
        book_version=book.version,
        variant_id=variant_id,
        quantity=line.quantity,
        design_hash=design_hash,
        line=line.to_json(),
        breakdown=breakdown.to_json(),
        unit_price=breakdown.unit_price,
        total=breakdown.total,
        currency=book.currency,
        expires_at=now + settings.QUOTE_LIFETIME,
    )
    quote.signature = _sign(quote)
    quote.save(force_insert=True)
    return quote


def _sign(quote: Quote) -> str:
    facts = {
        "id": str(quote.pk),
        "book": f"{quote.book}@{quote.book_version}",
        "variant": str(quote.variant_id),
        "design_hash": quote.design_hash,
        "quantity": quote.quantity,
        "unit_price": f"{quote.unit_price:.2f}",
        "total": f"{quote.total:.2f}",
        "currency": quote.currency,
        "expires_at": quote.expires_at.isoformat(),
        "breakdown": canonical_hash(quote.breakdown),
    }
    return salted_hmac(_SALT, canonical_json(facts), algorithm="sha256").hexdigest()


def quote_read(quote_id: UUID) -> Quote:
    """The quote as it was given. Raises NotFound, and Conflict `quote_tampered` where the row was not signed so."""
    quote = Quote.objects.select_related("variant__colour", "variant__size").filter(pk=quote_id).first()
    if quote is None:
        raise NotFound("Quote not found", code="quote_not_found")
    if not constant_time_compare(quote.signature, _sign(quote)):
        raise Conflict("This quote is not what was signed.", code="quote_tampered")
    return quote


def quote_honour(
    quote_id: UUID,
    signature: str,
    *,
    variant_id: UUID,
    quantity: int,
    design_hash: str,
    current: Breakdown,
    now: datetime | None = None,
) -> Quote:
    """The quote, if it holds for exactly this line. Raises NotFound, and Conflict with the difference to what the line
    costs now: `quote_tampered`, `quote_expired`, or `quote_changed` for another garment, quantity or design."""
    quote = quote_read(quote_id)
    if not constant_time_compare(quote.signature, signature):
        raise Conflict("This quote is not what was signed.", code="quote_tampered")
    if quote.expires_at <= (now or timezone.now()):
        raise _gone("This quote has expired.", "quote_expired", quote, current, [])
    asked = {"variant_id": str(variant_id), "quantity": quantity, "design_hash": design_hash}
    changed = [name for name, value in asked.items() if value != _promised(quote)[name]]
    if changed:
        raise _gone(f"This quote is for another {changed[0]}.", "quote_changed", quote, current, changed)
    return quote


def _promised(quote: Quote) -> dict[str, Any]:
    return {"variant_id": str(quote.variant_id), "quantity": quote.quantity, "design_hash": quote.design_hash}


def _gone(message: str, code: str, quote: Quote, current: Breakdown, changed: list[str]) -> Conflict:
    diff = quote_difference(quote.breakdown, current.to_json())
    extra = {
        "quote_id": str(quote.pk),
        "changed": changed,
        "quoted_total": float(quote.total),
        "current_total": float(current.total),
        "diff": diff,
    }
    return Conflict(message, code=code, extra=extra)


def quote_difference(quoted: dict[str, Any], current: dict[str, Any]) -> list[dict[str, Any]]:
    """Line by line: each rule that charges another amount now, with both amounts (null where it does not charge)."""
    before, after = _amounts(quoted), _amounts(current)
    rules = [*before, *(rule for rule in after if rule not in before)]
    return [
        {"rule": rule, "quoted": _number(before.get(rule)), "current": _number(after.get(rule))}
        for rule in rules
        if before.get(rule) != after.get(rule)
    ]


def _amounts(breakdown: dict[str, Any]) -> dict[str, Decimal]:
    """What each rule charges in all: two placements may cite the same one."""
    amounts: dict[str, Decimal] = {}
    for charge in breakdown["charges"]:
        amounts[_rule(charge)] = amounts.get(_rule(charge), Decimal(0)) + Decimal(charge["amount"])
    return amounts


def _rule(charge: dict[str, Any]) -> str:
    """The rule without its book's version, which differs between any two versions."""
    return str(charge["rule"]).split("/", 1)[-1]


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
