from orders.models.notification import OutboxMail
from orders.models.order import LineArtwork, Order, OrderEvent, OrderLine
from orders.models.payment import Payment, StripeEvent, TestEvent, TestIntent
from orders.models.production import ProductionPack

__all__ = [
    "LineArtwork",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OutboxMail",
    "Payment",
    "ProductionPack",
    "StripeEvent",
    "TestEvent",
    "TestIntent",
]
