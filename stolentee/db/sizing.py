"""How many connections each process may keep: the database's limit, shared fairly."""

from __future__ import annotations


def pool_max(
    *, wanted: int | None, default: int, limit: int, reserved: int, instances: int, processes: int
) -> int:
    """The size of one process's pool.

    wanted: what the operator has fixed, or None; limit: how many connections the database grants in all, 0 if nobody
    said; reserved: how many of them workers and people keep. Without a limit it is `default`; with one, each of
    `instances` times `processes` web processes gets an equal share, and one connection at least.
    """
    if wanted is not None:
        return wanted
    if not limit:
        return default
    return max(1, (limit - reserved) // (instances * processes))


def connections_at_most(*, size: int, reserved: int, instances: int, processes: int) -> int:
    """How many connections the whole shop may open."""
    return size * instances * processes + reserved
