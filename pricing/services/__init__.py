"""What the pricing app does: books, quotes by method, codes and gift cards, each in a module of its own."""
