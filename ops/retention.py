"""Which backups are kept: so many days, weeks and months, and for a month what somebody made by hand. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

SCHEDULED = "daily"


@dataclass(frozen=True, slots=True)
class Kept:
    """One backup as retention sees it: its name, when it was made, and whether the schedule or a person made it."""

    name: str
    at: datetime
    kind: str = SCHEDULED


@dataclass(frozen=True, slots=True)
class Rule:
    """The operations document's: seven daily, then weekly and monthly ones; 30 days for those before a deployment."""

    days: int = 7
    weeks: int = 4
    months: int = 12
    by_hand: timedelta = timedelta(days=30)


def to_delete(backups: Iterable[Kept], now: datetime, rule: Rule | None = None) -> list[str]:
    """Names that no rule keeps, oldest first. The newest backup is kept whatever its age."""
    rule = rule or Rule()
    newest_first = sorted(backups, key=lambda backup: (backup.at, backup.name), reverse=True)
    scheduled = [backup for backup in newest_first if backup.kind == SCHEDULED]
    keep = {backup.name for backup in newest_first[:1]}
    keep |= _newest_of_each(scheduled, rule.days, lambda at: (at.year, at.month, at.day))
    keep |= _newest_of_each(scheduled, rule.weeks, lambda at: at.isocalendar()[:2])
    keep |= _newest_of_each(scheduled, rule.months, lambda at: (at.year, at.month))
    keep |= {
        backup.name for backup in newest_first if backup.kind != SCHEDULED and backup.at > now - rule.by_hand
    }
    return [backup.name for backup in reversed(newest_first) if backup.name not in keep]


def _newest_of_each(
    newest_first: list[Kept], count: int, period: Callable[[datetime], tuple[int, ...]]
) -> set[str]:
    newest: dict[tuple[int, ...], str] = {}
    for backup in newest_first:
        newest.setdefault(period(backup.at), backup.name)
    return set(list(newest.values())[:count])
