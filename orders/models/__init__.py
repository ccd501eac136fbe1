from orders.models.notification import OutboxMail
from orders.models.order import LineArtwork, Order, OrderEvent, OrderLine
from orders.models.payment import Payment, StripeEvent, TestEvent, TestIntent
from orders.models.production import (
    GangSheet,
    PackEvent,
    Printer,
    PrinterEvent,
    PrinterKey,
    ProductionPack,
    Reprint,
    Shipment,
    ShipmentLine,
)

__all__ = [
    "GangSheet",
    "LineArtwork",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OutboxMail",
    "PackEvent",
    "Payment",
    "Printer",
    "PrinterEvent",
    "PrinterKey",
    "ProductionPack",
    "Reprint",
    "Shipment",
    "ShipmentLine",
    "StripeEvent",
    "TestEvent",
    "TestIntent",
]
