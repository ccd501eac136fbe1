"""Why an order is held: the closed list of reasons that the payment step may write."""

from __future__ import annotations

from typing import Final

PAYMENT_MISMATCH: Final = "payment_mismatch"
"""Amount, currency or order of a payment are not what was asked for."""
PAID_AFTER_CANCELLATION: Final = "paid_after_cancellation"
"""The money came although the order had ended: it has to go back, or the order has to be made anew."""
PAYMENT_MISSING: Final = "payment_missing"
"""We say paid, the provider says it is not."""
DISPUTED: Final = "disputed"
"""The customer's bank is asking for the money."""
DISPUTE_LOST: Final = "dispute_lost"
REFUND_FAILED: Final = "refund_failed"
"""Money that was promised back did not arrive."""

PAYMENT_HOLDS: Final = frozenset(
    {PAYMENT_MISMATCH, PAID_AFTER_CANCELLATION, PAYMENT_MISSING, DISPUTED, DISPUTE_LOST, REFUND_FAILED}
)

DIFFERENCE_DUE: Final = "difference_due"
"""The customer has made the order dearer and has not paid the difference yet."""

# What is between the shop and a bank, or is told by another mail.
NOT_TOLD_TO_CUSTOMERS: Final = frozenset({PAID_AFTER_CANCELLATION, DISPUTED, DISPUTE_LOST, REFUND_FAILED})


def hold_words(reason: str) -> str:
    """A reason as staff read it."""
    return reason.replace("_", " ")
