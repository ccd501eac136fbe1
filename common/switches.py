"""Shares of the traffic that can be changed at once, and who falls into them."""

from __future__ import annotations

import hashlib

from common.models import FeatureSwitch


def percent_of(name: str, *, configured: int) -> int:
    """The share that holds now: the lower of the environment's and the admin's, so that either can roll back."""
    row = FeatureSwitch.objects.filter(name=name).first()
    return min(configured, row.percent) if row else configured


def falls_into(name: str, subject: str, percent: int) -> bool:
    """Whether `subject` is among the first `percent` of a hundred: always the same for the same subject and name.

    Raising the share moves nobody out of it.
    """
    digest = hashlib.sha256(f"{name}:{subject}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 * 100 < percent
