"""How far a line has come at the printer, when it is due, and which moves there are.  [pure]"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

STAGES: Final[dict[str, frozenset[str]]] = {
    # A pack may also reach the press by hand, so a line need not have been sent to be printed.
    "waiting": frozenset({"sent", "in_production", "shipped"}),
    "sent": frozenset({"sent", "accepted", "rejected", "in_production", "shipped", "waiting"}),
    "accepted": frozenset({"sent", "rejected", "in_production", "shipped", "waiting"}),
    "rejected": frozenset({"sent", "accepted", "waiting"}),
    "in_production": frozenset({"rejected", "shipped"}),
    "shipped": frozenset(),
}
REPORTED: Final = frozenset({"accepted", "rejected", "in_production", "shipped", "delivered"})
"""What a printer may report. It rejects a line; only the shop cancels an order."""

_SATURDAY = 5


def stage_refusal(current: str, following: str) -> str | None:
    """Why a line may not move so, or None where it may. Staying where one is is allowed."""
    if current == following or following in STAGES[current]:
        return None
    return f"A line that is {current} cannot become {following}."


def due_date(paid_on: date, business_days: int) -> date:
    """The day by which a line must have left: so many days from Monday to Friday after the payment."""
    day = paid_on
    while business_days > 0:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY:
            business_days -= 1
    return day
