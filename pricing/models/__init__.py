from pricing.models.book import PriceBook
from pricing.models.discount import DiscountCode, DiscountRedemption, GiftCard, GiftCardEntry
from pricing.models.quote import Quote

__all__ = [
    "DiscountCode",
    "DiscountRedemption",
    "GiftCard",
    "GiftCardEntry",
    "PriceBook",
    "Quote",
]
