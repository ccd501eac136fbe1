"""What each role may do, in the names of Django's permissions (`app.action_model`). Pure.

The storefront knows two roles, customer and admin; the staff's admin knows five. Refunds and the like are permissions
of services (`orders.refund`), asked for beside the table's.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

CUSTOMER, OWNER, OPERATIONS, ART, SUPPORT, PRINTER = (
    "customer",
    "owner",
    "operations",
    "art",
    "support",
    "printer",
)
STAFF = frozenset({OWNER, OPERATIONS, ART, SUPPORT, PRINTER})
# Who runs the whole shop: the storefront's admin page is theirs.
MANAGERS = frozenset({OWNER, OPERATIONS})

_PERMISSIONS: dict[str, tuple[str, ...]] = {
    CUSTOMER: (),
    OWNER: ("*",),
    # Everything of the shop's day; who works there and what the switches say is the owner's.
    OPERATIONS: (
        "orders.*", "products.*", "pricing.*", "uploads.*", "designs.*", "ops.view_*", "common.view_*",
        "accounts.view_user", "auditlog.view_logentry",
    ),
    ART: (
        "uploads.*", "designs.view_*", "products.view_*", "orders.view_order", "orders.view_orderline",
        "orders.view_productionpack", "orders.change_productionpack", "orders.view_orderevent",
    ),
    SUPPORT: (
        "orders.view_*", "orders.change_order", "orders.change_outboxmail", "designs.view_*", "uploads.view_*",
        "products.view_*", "pricing.view_*", "accounts.view_user",
    ),
    # Own lines only: the pages of production filter by the printers that the user works for.
    PRINTER: ("orders.view_productionpack", "orders.view_orderline"),
}  # fmt: skip


def permits(role: str, permission: str) -> bool:
    """Whether the role holds this permission. An unknown role holds none."""
    return any(fnmatchcase(permission, pattern) for pattern in _PERMISSIONS.get(role, ()))


def permits_app(role: str, app_label: str) -> bool:
    """Whether the role holds any permission in this app."""
    return any(
        pattern == "*" or pattern.split(".", 1)[0] == app_label for pattern in _PERMISSIONS.get(role, ())
    )
