"""What the pricing app does: quotes by method, and the life of a price book."""

from pricing.services.books import book_diff, book_draft, book_publish, book_rollback, line_price
from pricing.services.methods import quote_by_method

__all__ = ["book_diff", "book_draft", "book_publish", "book_rollback", "line_price", "quote_by_method"]
