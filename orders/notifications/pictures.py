"""The picture of an order line in a mail: a mock-up that every line of the same look and colour shares."""

from __future__ import annotations

from django.conf import settings

from designs.inspection import Placed
from designs.mockups.painter import paint
from designs.mockups.services import mockup_main, mockups_ensure
from designs.models import Mockup
from orders.models import OrderLine


def line_picture_url(line: OrderLine) -> str:
    """An absolute address of the side with artwork on it, drawn now if nobody has yet; empty where it cannot be drawn.

    A mail worker has the second that this takes; a letter never waits for another worker.
    """
    if not line.design_hash:
        return ""  # ordered before looks had hashes
    placed = [
        Placed(row.asset, row.placement, row.index, row.position)
        for row in line.artworks.select_related("asset").order_by("placement", "index")
    ]
    variant = line.variant
    mockups = mockups_ensure(placed, variant.product, variant.colour, line.design_hash, line.colour_hex)
    main = mockup_main(mockups)
    if main is None:
        return ""
    Mockup.objects.filter(pk__in=[mockup.pk for mockup in mockups.values()]).update(is_ordered=True)
    if main.status == Mockup.Status.QUEUED:
        paint(str(main.pk))
        main.refresh_from_db()
    return f"{settings.PUBLIC_URL}{main.thumbnail_url}" if main.thumbnail_url else ""
