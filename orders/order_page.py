"""What the page of one order shows: its lines with their pictures, its money, and everything that happened, by whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Prefetch

from accounts.models import User
from orders.models import LineArtwork, Order, OrderEvent, OrderLine, OutboxMail, PackEvent, Refund

_ICONS = {
    "order.created": "add_shopping_cart",
    "order.paid": "paid",
    "order.payment_failed": "credit_card_off",
    "order.held": "pan_tool",
    "order.released": "lock_open",
    "order.in_production": "play_arrow",
    "order.shipped": "local_shipping",
    "order.delivered": "where_to_vote",
    "order.cancelled": "cancel",
    "order.refunded": "undo",
    "order.partially_refunded": "undo",
    "order.reprinted": "print_error",
    "order.edited": "edit",
    "line.art_exchanged": "brush",
    "mail.resent": "forward_to_inbox",
}
_TONES = {
    "order.paid": "good",
    "order.shipped": "good",
    "order.delivered": "good",
    "order.held": "bad",
    "order.cancelled": "bad",
    "order.payment_failed": "bad",
    "pack.refused": "bad",
}


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `tone`: good, bad or nothing."""

    at: datetime
    icon: str
    title: str
    actor: str
    detail: str = ""
    note: str = ""
    tone: str = ""


def order_for_page(pk: Any) -> Order | None:
    """The order with all that its page shows, in a constant number of queries."""
    artworks = LineArtwork.objects.select_related("asset__review")
    lines = OrderLine.objects.select_related("pack__printer").prefetch_related(Prefetch("artworks", artworks))
    related = Prefetch("lines", lines.order_by("number"))
    return (
        Order.objects.select_related("user", "reprint__line__order")
        .prefetch_related(related, "payments", "mails", "shipments")
        .filter(pk=pk)
        .first()
    )


def timeline(order: Order) -> list[Entry]:
    """Newest first: moves, packs, mails and refunds, with the names of those who did it."""
    events = list(OrderEvent.objects.filter(order=order).select_related("line"))
    packs = list(PackEvent.objects.filter(pack__line__order=order).select_related("pack__line"))
    refunds = list(Refund.objects.filter(payment__order=order))
    names = staff_names(
        [*(row.actor for row in events), *(row.actor for row in packs), *(row.actor for row in refunds)]
    )
    entries = chain(
        (_of_event(event, names) for event in events),
        (_of_pack(event, names) for event in packs),
        (_of_mail(mail, mail.completed_at) for mail in order.mails.all() if mail.completed_at),
        (_of_refund(refund, names) for refund in refunds),
    )
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def staff_names(actors: Iterable[str]) -> dict[str, str]:
    """The names behind `staff:<id>`; an actor of another kind is not in it."""
    ids = {}
    for actor in actors:
        kind, _, key = actor.partition(":")
        if kind == "staff":
            try:
                ids[actor] = UUID(key)
            except ValueError:
                continue
    people = {user.pk: user.name or user.email for user in User.objects.filter(pk__in=ids.values())}
    return {actor: people[pk] for actor, pk in ids.items() if pk in people}


def _words(kind: str) -> str:
    return kind.replace(".", " ").replace("_", " ").capitalize()


def _changes(before: dict[str, Any], after: dict[str, Any]) -> str:
    parts = []
    for name, value in after.items():
        was = before.get(name)
        text = f"{was} → {value}" if was not in (None, "", value) else f"{value}"
        parts.append(f"{name.replace('_', ' ')}: {text if value not in (None, '') else 'none'}")
    return "; ".join(parts)


def _of_event(event: OrderEvent, names: dict[str, str]) -> Entry:
    where = f", line {event.line.number}" if event.line else ""
    return Entry(
        event.created_at,
        _ICONS.get(event.kind, "circle"),
        _words(event.kind) + where,
        names.get(event.actor, event.actor),
        _changes(event.before, event.after),
        event.note,
        _TONES.get(event.kind, ""),
    )


def _of_pack(event: PackEvent, names: dict[str, str]) -> Entry:
    kind = f"pack.{event.kind}"
    return Entry(
        event.created_at,
        "inventory_2",
        f"Pack {event.get_kind_display().lower()}, line {event.pack.line.number}",
        names.get(event.actor, event.actor),
        str(event.details.get("printer", "")),
        event.note,
        _TONES.get(kind, ""),
    )


def _of_mail(mail: OutboxMail, at: datetime) -> Entry:
    sent = mail.status == OutboxMail.Status.DONE
    title = f"Mail {'sent' if sent else 'failed'}: {mail.get_kind_display().lower()}"
    return Entry(at, "mail", title, "system", "", mail.error_message, "" if sent else "bad")


def _of_refund(refund: Refund, names: dict[str, str]) -> Entry:
    return Entry(
        refund.created_at,
        "undo",
        f"Refund of ${refund.amount}",
        names.get(refund.actor, refund.actor),
        f"{refund.get_reason_display()}, {refund.get_state_display().lower()}",
        refund.failure,
        "bad" if refund.failure else "",
    )
