"""What staff can do with one order: who may, why not now, what it asks for, and which service does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from common.errors import Conflict, DomainError
from orders import lifecycle
from orders.access import access_revoke
from orders.models import Order, ProductionPack, Reprint
from orders.notifications.services import mail_resend
from orders.production import desk
from orders.production.services import packs_unaccepted
from orders.states import production_refusal

CHANGE, SHIP, REFUND = "orders.change_order", "orders.ship_order", "orders.refund"
_CARRIERS = ("USPS", "UPS", "FedEx", "DHL")


def text(label: str, *, required: bool = True, most: int = 500) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=most, widget=UnfoldAdminTextInputWidget()
    )


def paragraph(label: str, *, required: bool = True) -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})
    return forms.CharField(label=label, required=required, max_length=1000, widget=widget)


def choice(label: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=UnfoldAdminSelectWidget())


Fields = dict[str, forms.Field]


@dataclass(frozen=True)
class Action:
    """`run` does it and says what came of it; what it refuses is a DomainError. `warning` is shown before."""

    name: str
    label: str
    icon: str
    permission: str
    fields: Callable[[Order], Fields]
    run: Callable[[Order, Mapping[str, Any], str], str]
    refusal: Callable[[Order], str | None] = lambda order: None
    explains: str = ""
    danger: bool = False
    warning: Callable[[Order], str] = lambda order: ""

    def form(self, order: Order, data: Mapping[str, Any] | None = None) -> forms.Form:
        form = forms.Form(data, prefix=self.name, auto_id="%s")
        form.fields = dict(self.fields(order).items())
        return form


def _moving(status: str) -> Callable[[Order], str | None]:
    def refusal(order: Order) -> str | None:
        if order.production_status == status:
            return f"The order is {order.get_production_status_display().lower()} already."
        if order.hold_reason and status in ("in_production", "shipped"):
            return f"The order is on hold: {order.hold_reason.replace('_', ' ')}."
        return production_refusal(order.production_status, status, order.payment_status)

    return refusal


def _note(order: Order) -> Fields:
    return {"note": paragraph("Why, for the history")}


def _optional_note(order: Order) -> Fields:
    return {"note": text("Note for the history", required=False)}


def _parcel(order: Order) -> Fields:
    carrier, tracking = (
        text("Carrier", required=False, most=50),
        text("Tracking number", required=False, most=100),
    )
    carrier.widget.attrs["list"] = "carriers"
    carrier.initial, tracking.initial = order.carrier, order.tracking_number
    return {"tracking_number": tracking, "carrier": carrier}


def _without_yes(order: Order) -> str:
    unaccepted = packs_unaccepted(order)
    return f"No printer has said yes to the pack of {unaccepted}." if unaccepted else ""


def _move(order: Order, status: str, actor: str, data: Mapping[str, Any]) -> str:
    warning = _without_yes(order) if status == "shipped" else ""
    moved = lifecycle.order_change_production(
        order.pk,
        status,
        actor=actor,
        tracking_number=data.get("tracking_number", ""),
        carrier=data.get("carrier", ""),
        reason=data.get("note", ""),
    )
    return f"The order is {moved.get_production_status_display().lower()}. {warning}".strip()


def _track(order: Order, data: Mapping[str, Any], actor: str) -> str:
    _move(order, order.production_status, actor, data)
    return "The parcel's numbers are written down."


def _hold(order: Order, data: Mapping[str, Any], actor: str) -> str:
    desk.order_put_on_hold(order, actor=actor, note=data["note"])
    return "The order is on hold. Its customer is told."


def _release(order: Order, data: Mapping[str, Any], actor: str) -> str:
    desk.order_release_hold(order, actor=actor, note=data["note"])
    order.refresh_from_db()
    if order.hold_reason:
        raise Conflict(f"The order stays on hold: {order.hold_reason}.", code="still_held")
    return "The hold is over."


def _write_down(order: Order, data: Mapping[str, Any], actor: str) -> str:
    lifecycle.order_change_production(
        order.pk, order.production_status, actor=actor, internal_notes=data["notes"]
    )
    return "The note is kept."


def _notes(order: Order) -> Fields:
    field = paragraph("Notes that customers never see")
    field.initial = order.internal_notes
    return {"notes": field}


def _mails(order: Order) -> Fields:
    return {
        "mail": choice(
            "Mail", [(str(m.pk), f"{m.get_kind_display()} ({m.status})") for m in order.mails.all()]
        )
    }


def _resend_mail(order: Order, data: Mapping[str, Any], actor: str) -> str:
    mail = order.mails.get(pk=data["mail"])
    if not mail_resend(mail, actor=actor):
        raise Conflict("This mail is on its way anyway.", code="mail_on_its_way")
    return "The mail is on its way."


def _resend_packs(order: Order, data: Mapping[str, Any], actor: str) -> str:
    desk.packs_resend(order, actor=actor)
    return "The printer gets the packs once more, under new links."


def _packs(order: Order) -> list[ProductionPack]:
    packs = ProductionPack.objects.filter(line__order=order).select_related("line__order")
    return list(packs.order_by("line__number"))


def _pack_fields(order: Order) -> Fields:
    packs = [
        (str(pack.pk), f"line {pack.line.number}: {pack.get_status_display()}") for pack in _packs(order)
    ]
    force = forms.BooleanField(
        label="Also if nothing has changed", required=False, widget=UnfoldBooleanWidget()
    )
    return {"pack": choice("Pack", packs), "force": force, "note": text("Note", required=False)}


def _rebuild(order: Order, data: Mapping[str, Any], actor: str) -> str:
    pack = ProductionPack.objects.select_related("line").get(pk=data["pack"], line__order=order)
    desk.pack_rebuild(pack, actor=actor, note=data["note"], force=data["force"])
    return f"The pack of line {pack.line.number} is being built."


def _reprint_fields(order: Order) -> Fields:
    lines = [
        (str(line.number), f"{line.number}: {line.product_title}, {line.colour_name}, {line.size_name}")
        for line in order.lines.order_by("number")
    ]
    quantity = forms.IntegerField(
        label="Garments", min_value=1, initial=1, widget=UnfoldAdminIntegerFieldWidget()
    )
    return {
        "line": choice("Line", lines),
        "quantity": quantity,
        "defect": choice("What was wrong", list(Reprint.Defect.choices)),
        "note": text("Note", required=False),
    }


def _reprint(order: Order, data: Mapping[str, Any], actor: str) -> str:
    line = order.lines.get(number=data["line"])
    made = desk.reprint_create(line, data["quantity"], data["defect"], actor=actor, note=data["note"])
    return f"The child order {made.order.number} is made, at no price."


def _revoke(order: Order, data: Mapping[str, Any], actor: str) -> str:
    access_revoke(order, actor=actor)
    return "Links in earlier mails open nothing any more. The next mail brings a new one."


def _nothing(order: Order) -> Fields:
    return {}


ACTIONS: tuple[Action, ...] = (
    Action(
        "start", "Start production", "play_arrow", SHIP, _optional_note,
        lambda order, data, actor: _move(order, "in_production", actor, data), _moving("in_production"),
    ),
    Action(
        "ship", "Ship", "local_shipping", SHIP, lambda order: _parcel(order) | _optional_note(order),
        lambda order, data, actor: _move(order, "shipped", actor, data), _moving("shipped"),
        "The customer gets a mail with the tracking number.", warning=_without_yes,
    ),
    Action(
        "deliver", "Mark as delivered", "where_to_vote", SHIP, _optional_note,
        lambda order, data, actor: _move(order, "delivered", actor, data), _moving("delivered"),
    ),
    Action(
        "track", "Correct the parcel's numbers", "edit_location_alt", SHIP, _parcel, _track,
        lambda order: None if order.shipped_at else "Nothing was shipped yet.",
    ),
    Action(
        "hold", "Put on hold", "pan_tool", CHANGE, _note, _hold,
        lambda order: f"It is on hold: {order.hold_reason.replace('_', ' ')}." if order.hold_reason else None,
        "Nothing of it is produced until the hold is released.",
    ),
    Action(
        "release", "Release the hold", "lock_open", CHANGE, _note, _release,
        lambda order: None if order.hold_reason else "The order is not on hold.",
        "Failed packs are built again, and finished ones go to the printer.",
    ),
    Action(
        "mail", "Send a mail again", "forward_to_inbox", "orders.change_outboxmail", _mails, _resend_mail,
        lambda order: None if order.mails.exists() else "No mail was sent about this order.",
    ),
    Action(
        "packs", "Send packs to the printer again", "outbox", "orders.change_productionpack", _nothing,
        _resend_packs, lambda order: None if _packs(order) else "There are no packs yet.",
        "Under new links; the old ones end.",
    ),
    Action(
        "rebuild", "Build a pack again", "construction", "orders.change_productionpack", _pack_fields, _rebuild,
        lambda order: None if _packs(order) else "There are no packs yet.",
    ),
    Action(
        "reprint", "Print again", "print_error", "orders.add_reprint", _reprint_fields, _reprint,
        lambda order: None if order.paid_at else "The order was never paid.",
        "A child order at no price, with the same art.",
    ),
    Action("note", "Write a note", "edit_note", CHANGE, _notes, _write_down),
    Action(
        "revoke", "End the links in mails", "link_off", CHANGE, _nothing, _revoke, danger=True,
    ),
    Action(
        "cancel", "Cancel the order", "cancel", CHANGE, _note,
        lambda order, data, actor: _move(order, "cancelled", actor, data), _moving("cancelled"),
        "What was paid goes back by a refund, which you decide afterwards.", danger=True,
    ),
)  # fmt: skip
BY_NAME = {action.name: action for action in ACTIONS}
BULK_STATUSES = [
    (status, status.replace("_", " ")) for status in ("in_production", "shipped", "delivered", "cancelled")
]


def actions_for(request: HttpRequest, order: Order) -> list[dict[str, Any]]:
    """The actions of this member of staff on this order, each with its form, or the reason why not now."""
    shown = []
    for action in ACTIONS:
        if request.user.has_perm(action.permission):
            refusal = action.refusal(order)
            form = None if refusal else action.form(order)
            warning = "" if refusal else action.warning(order)
            shown.append({"action": action, "refusal": refusal, "form": form, "warning": warning})
    return shown


def bulk_move(orders: list[Order], status: str, *, actor: str, note: str) -> list[dict[str, Any]]:
    """Moves each by itself; a row of the result says what came of it."""
    rows = []
    for order in orders:
        was = order.get_production_status_display()
        try:
            message, done = _move(order, status, actor, {"note": note}), True
        except DomainError as error:
            message, done = error.message, False
        rows.append({"order": order, "was": was, "done": done, "message": message})
    return rows
