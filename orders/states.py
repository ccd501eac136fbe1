"""Which moves an order may make. Pure data and functions; `orders.lifecycle` is the only caller that writes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

PAYMENT_MOVES: Final[dict[str, frozenset[str]]] = {
    "pending": frozenset({"paid", "failed"}),
    "failed": frozenset({"paid"}),  # the same intent may be confirmed again with another card
    # A late `payment_failed` never takes a payment back. What follows is `payment_status_after_refunds` of the ledger:
    # it goes back only where the bank refuses a refund.
    "paid": frozenset({"partially_refunded", "refunded"}),
    "partially_refunded": frozenset({"refunded"}),
    "refunded": frozenset(),
}
PRODUCTION_MOVES: Final[dict[str, frozenset[str]]] = {
    "pending": frozenset({"in_production", "cancelled"}),
    "in_production": frozenset({"shipped", "cancelled"}),
    "shipped": frozenset({"delivered"}),
    "delivered": frozenset(),
    "cancelled": frozenset(),
}
# A line may fail and be made again, which an order as a whole cannot.
LINE_MOVES: Final[dict[str, frozenset[str]]] = {
    "pending": frozenset({"in_production", "cancelled"}),
    "in_production": frozenset({"problem", "shipped", "cancelled"}),
    "problem": frozenset({"in_production", "cancelled"}),
    "shipped": frozenset({"delivered"}),
    "delivered": frozenset(),
    "cancelled": frozenset(),
}
COUNTS_AS_PAID: Final = frozenset({"paid", "partially_refunded"})
NEEDS_PAYMENT: Final = frozenset({"in_production", "shipped", "delivered"})

# The storefront's admin page and tracking page each have words of their own (CONTRACT 5).
_ALIASES: Final = {"processing": "in_production"}
_ADMIN_WORDS: Final = {"in_production": "processing"}
_TRACKING_WORDS: Final = {"delivered": "shipped"}


def canonical_production_status(word: str) -> str | None:
    """The machine's word for what a client sent, or None for an unknown word."""
    status = _ALIASES.get(word, word)
    return status if status in PRODUCTION_MOVES else None


def canonical_line_status(word: str) -> str | None:
    """The same for a line."""
    status = _ALIASES.get(word, word)
    return status if status in LINE_MOVES else None


def admin_word(status: str) -> str:
    """One of the five words that the storefront's admin page can show."""
    return _ADMIN_WORDS.get(status, status)


def tracking_word(status: str) -> str:
    """A word with which the tracking page draws the right picture: it shows `delivered` as not yet shipped."""
    return _TRACKING_WORDS.get(status, status)


def payment_word(status: str) -> str:
    """One of the four words that the storefront knows: an order of which a part went back is still a paid order."""
    return "paid" if status == "partially_refunded" else status


def payment_status_after_refunds(captured: Decimal, refunded: Decimal) -> str:
    """What an order that was paid is called when `refunded` of the `captured` money went back."""
    if refunded <= 0:
        return "paid"
    return "refunded" if refunded >= captured else "partially_refunded"


def may_pay(current: str, following: str) -> bool:
    return following in PAYMENT_MOVES[current]


def production_refusal(current: str, following: str, payment_status: str) -> str | None:
    """Why the move is refused, or None where it is allowed. Staying where one is is allowed."""
    if current == following:
        return None
    if following not in PRODUCTION_MOVES[current]:
        return f"An order that is {current} cannot become {following}."
    if following in NEEDS_PAYMENT and payment_status not in COUNTS_AS_PAID:
        return f"An order whose payment is {payment_status} cannot become {following}."
    return None


def line_refusal(current: str, following: str, payment_status: str) -> str | None:
    """Why a line may not make the move, or None where it may."""
    if current == following:
        return None
    if following not in LINE_MOVES[current]:
        return f"A line that is {current} cannot become {following}."
    if following in NEEDS_PAYMENT and payment_status not in COUNTS_AS_PAID:
        return f"A line of an order whose payment is {payment_status} cannot become {following}."
    return None


def order_status_of_lines(lines: Sequence[str]) -> str:
    """What an order is called whose lines are in these states: as far as the slowest of those that are still made."""
    live = [status for status in lines if status != "cancelled"]
    if not live:
        return "cancelled"
    if all(status == "delivered" for status in live):
        return "delivered"
    if all(status in ("shipped", "delivered") for status in live):
        return "shipped"
    return "pending" if all(status == "pending" for status in live) else "in_production"


def line_follows(line: str, order: str) -> bool:
    """Whether a line comes along when its order moves: it may make the move, or any step on the way there."""
    return line != order and order in _reachable(line)


def _reachable(line: str) -> frozenset[str]:
    """Where a line gets to by moving forward, `problem` apart."""
    found: set[str] = set()
    todo = [line]
    while todo:
        following = LINE_MOVES[todo.pop()] - found - {"problem"}
        found |= following
        todo.extend(following)
    return frozenset(found)


def steps_between(current: str, target: str) -> list[str]:
    """The moves that take an order from one state to another, or none where there is no way forward."""
    if current == target or current in ("cancelled", "delivered"):
        return []
    if target in PRODUCTION_MOVES[current]:
        return [target]
    way = ["pending", "in_production", "shipped", "delivered"]
    return way[way.index(current) + 1 : way.index(target) + 1] if target in way else []
