from orders.models.notification import OutboxMail
from orders.models.order import LineArtwork, Order, OrderEvent, OrderLine
from orders.models.payment import (
    Payment,
    PaymentStop,
    StaffAlert,
    StripeEvent,
    TestEvent,
    TestIntent,
    TestObject,
)
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
from orders.models.refund import Dispute, Refund, RefundLine
from orders.models.shipping import ShippingCountry, ShippingRate, ShippingZone
from orders.models.stock import StockLevel, StockMovement
from orders.models.tax import TaxRecord

__all__ = [
    "Dispute",
    "GangSheet",
    "LineArtwork",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OutboxMail",
    "PackEvent",
    "Payment",
    "PaymentStop",
    "Printer",
    "PrinterEvent",
    "PrinterKey",
    "ProductionPack",
    "Refund",
    "RefundLine",
    "Reprint",
    "Shipment",
    "ShipmentLine",
    "ShippingCountry",
    "ShippingRate",
    "ShippingZone",
    "StaffAlert",
    "StockLevel",
    "StockMovement",
    "StripeEvent",
    "TaxRecord",
    "TestEvent",
    "TestIntent",
    "TestObject",
]
