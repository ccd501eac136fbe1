"""Which moves an order may make. Pure data and functions; `orders.lifecycle` is the only caller that writes."""

from __future__ import annotations

from typing import Final

PAYMENT_MOVES: Final[dict[str, frozenset[str]]] = {
    "pending": frozenset({"paid", "failed"}),
    "failed": frozenset({"paid"}),  # the same intent may be confirmed again with another card
    "paid": frozenset({"refunded"}),  # a late `payment_failed` never takes a payment back
    "refunded": frozenset(),
}
PRODUCTION_MOVES: Final[dict[str, frozenset[str]]] = {
    "pending": frozenset({"in_production", "cancelled"}),
    "in_production": frozenset({"shipped", "cancelled"}),
    "shipped": frozenset({"delivered"}),
    "delivered": frozenset(),
    "cancelled": frozenset(),
}
NEEDS_PAYMENT: Final = frozenset({"in_production", "shipped", "delivered"})

# The storefront's admin page and tracking page each have words of their own (CONTRACT 5).
_ALIASES: Final = {"processing": "in_production"}
_ADMIN_WORDS: Final = {"in_production": "processing"}
_TRACKING_WORDS: Final = {"delivered": "shipped"}


def canonical_production_status(word: str) -> str | None:
    """The machine's word for what a client sent, or None for an unknown word."""
    status = _ALIASES.get(word, word)
    return status if status in PRODUCTION_MOVES else None


def admin_word(status: str) -> str:
    """One of the five words that the storefront's admin page can show."""
    return _ADMIN_WORDS.get(status, status)


def tracking_word(status: str) -> str:
    """A word with which the tracking page draws the right picture: it shows `delivered` as not yet shipped."""
    return _TRACKING_WORDS.get(status, status)


def may_pay(current: str, following: str) -> bool:
    return following in PAYMENT_MOVES[current]


def production_refusal(current: str, following: str, payment_status: str) -> str | None:
    """Why the move is refused, or None where it is allowed. Staying where one is is allowed."""
    if current == following:
        return None
    if following not in PRODUCTION_MOVES[current]:
        return f"An order that is {current} cannot become {following}."
    if following in NEEDS_PAYMENT and payment_status != "paid":
        return f"An order whose payment is {payment_status} cannot become {following}."
    return None
