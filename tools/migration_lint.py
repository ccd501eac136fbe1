"""Finds migrations that would hurt a shop that goes on selling: `python -m tools.migration_lint`.

While a migration runs, and until the balancer has moved on, the old release serves from the new schema. So a migration
may neither lock a table that customers write to, nor take away what the old release still asks for. What the first
release brought ran on an empty database; a later migration that must break a rule is listed in ALLOWED with its reason.
How long a statement may wait for a lock is set for every migration by `ops.apps`.
"""

import os
import sys

# The last migration of each app in the first release.
FIRST_RELEASE = {
    "accounts": "0002",
    "common": "0001",
    "products": "0006",
    "uploads": "0005",
    "designs": "0003",
    "pricing": "0003",
    "orders": "0012",
    "ops": "0001",
}
ALLOWED: dict[str, str] = {}


def main() -> int:
    """Prints `app.migration: what is wrong, and what to do instead`; 1 if there is anything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")
    import django

    django.setup()
    from tools.migration_rules import findings, project_migrations

    migrations = project_migrations(tuple(FIRST_RELEASE))
    later = [each for each in migrations if each[1].name[:4] > FIRST_RELEASE[each[1].app_label]]
    found = [
        f"{name}: {problem}"
        for name, migration, state in later
        if name not in ALLOWED
        for problem in findings(migration, state)
    ]
    stale = sorted(set(ALLOWED) - {name for name, _, _ in later})
    found += [f"{name}: is allowed, and there is no such migration" for name in stale]
    first = len(migrations) - len(later)
    print(
        "\n".join(found)
        if found
        else f"{len(later)} migrations are safe, {first} came with the first release"
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
