"""How the staff's admin looks and what its menu lists; settings take `UNFOLD` from here.

The menu shows to each role what `accounts.roles` lets it see. Everything is served from this origin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    def allowed(request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_staff", False)) and request.user.has_perm(permission)

    return allowed


def _item(title: str, icon: str, route: str, permission: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{route}"),
        "permission": _may(permission),
    }


def _list(title: str, icon: str, model: str) -> dict[str, Any]:
    app, name = model.split(".")
    return _item(title, icon, f"{app}_{name}_changelist", f"{app}.view_{name}")


def _group(title: str, *items: dict[str, Any], folded: bool = False) -> dict[str, Any]:
    return {"title": title, "separator": True, "collapsible": folded, "items": list(items)}


_HOME = {"title": "Today", "icon": "storefront", "link": reverse_lazy("admin:index")}

NAVIGATION = [
    {"items": [_HOME]},
    _group(
        "Orders",
        _list("Orders", "receipt_long", "orders.order"),
        _item("Art queue", "brush", "uploads_artreview_queue", "uploads.change_artreview"),
        _item("Work list", "checklist", "orders_productionpack_worklist", "orders.view_productionpack"),
        _list("Packs", "inventory_2", "orders.productionpack"),
        _list("Shipments", "local_shipping", "orders.shipment"),
        _list("Reprints", "print_error", "orders.reprint"),
        _list("Gang sheets", "view_module", "orders.gangsheet"),
    ),
    _group(
        "Money",
        _list("Payments", "credit_card", "orders.payment"),
        _list("Refunds", "undo", "orders.refund"),
        _list("Disputes", "gavel", "orders.dispute"),
        _list("Alerts", "notification_important", "orders.staffalert"),
        _list("Tax records", "account_balance", "orders.taxrecord"),
    ),
    _group(
        "Shop",
        _list("Price books", "menu_book", "pricing.pricebook"),
        _list("Discount codes", "sell", "pricing.discountcode"),
        _list("Gift cards", "redeem", "pricing.giftcard"),
        _list("Quotes", "request_quote", "pricing.quote"),
        _list("Products", "apparel", "products.product"),
        _list("Variants", "style", "products.variant"),
        _list("Product texts", "edit_note", "products.productcopy"),
        _list("Stock", "warehouse", "orders.stocklevel"),
        _list("Shipping zones", "public", "orders.shippingzone"),
    ),
    _group(
        "Art",
        _list("Designs", "palette", "designs.design"),
        _list("Art decisions", "verified", "uploads.artreview"),
        _list("Pictures", "image", "uploads.asset"),
        _list("Cut-out jobs", "content_cut", "uploads.job"),
        _item("Background removers", "compare", "uploads_cutouttrial_comparison", "uploads.view_cutouttrial"),
    ),
    _group(
        "People",
        _list("Accounts", "group", "accounts.user"),
        _list("Printers", "print", "orders.printer"),
    ),
    _group(
        "Machinery",
        _list("Webhooks in", "call_received", "orders.stripeevent"),
        _list("Printer reports", "move_to_inbox", "orders.printerevent"),
        _list("Mails out", "outgoing_mail", "orders.outboxmail"),
        _list("Feature switches", "toggle_on", "common.featureswitch"),
        _item("Costs", "savings", "ops_costs", "common.view_ledgerentry"),
        _list("Costs of calls", "payments", "common.ledgerentry"),
        _list("Text requests", "smart_toy", "common.textrequest"),
        _list("Audit log", "history", "auditlog.logentry"),
        folded=True,
    ),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu, of which the entry with the longest address above the page is the active one.

    A function that settings name, since they are read before addresses can be.
    """
    links = [str(item["link"]) for group in NAVIGATION for item in group["items"]]
    above = [link for link in links if request.path.startswith(link) and link != str(_HOME["link"])]
    here = max(above, key=len, default=request.path)
    return [
        {**group, "items": [{**item, "active": str(item["link"]) == here} for item in group["items"]]}
        for group in NAVIGATION
    ]


def stylesheet(request: HttpRequest) -> str:
    return static("staff/staff.css")


def script(request: HttpRequest) -> str:
    return static("staff/staff.js")


def icon(request: HttpRequest) -> str:
    return static("staff/favicon.svg")


# Tailwind's teal, as the theme wants it: every step by name.
_PRIMARY = {
    "50": "oklch(98.4% .014 180.72)",
    "100": "oklch(95.3% .051 180.801)",
    "200": "oklch(91% .096 180.426)",
    "300": "oklch(85.5% .138 181.071)",
    "400": "oklch(77.7% .152 181.912)",
    "500": "oklch(64% .123 184.5)",
    "600": "oklch(51.1% .096 186.391)",
    "700": "oklch(43.7% .078 188.216)",
    "800": "oklch(38.6% .063 188.416)",
    "900": "oklch(32% .055 190)",
    "950": "oklch(27.7% .046 192.524)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Stolen Tee",
    "SITE_HEADER": "Stolen Tee",
    "SITE_SUBHEADER": "The shop",
    "SITE_SYMBOL": "apparel",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "stolentee.theme.icon"}],
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": _PRIMARY},
    "DASHBOARD_CALLBACK": "ops.dashboard.dashboard_context",
    "STYLES": ["stolentee.theme.stylesheet"],
    "SCRIPTS": ["stolentee.theme.script"],
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "stolentee.theme.navigation",
    },
}
