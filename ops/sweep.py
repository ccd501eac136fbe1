"""All that the sweeper does at each of its turns."""

from __future__ import annotations

from ops.health_samples import health_sample_record
from ops.sweepers import (
    expire_intermediates,
    expire_unpaid_orders,
    remind_unpaid_orders,
    ring_lost_work,
)
from orders.stock.services import stock_publish_missed


def sweep_all() -> None:
    """In the order in which customers notice: lost work, ended orders, letters, files, counts, figures."""
    ring_lost_work()
    expire_unpaid_orders()
    remind_unpaid_orders()
    expire_intermediates()
    stock_publish_missed()
    health_sample_record()
