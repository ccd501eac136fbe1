"""Order numbers: the only key that a guest's browser has, so they must not be guessable."""

from __future__ import annotations

import secrets

# No 0/O, 1/I/L, U/V: a customer reads it out on the phone. 29 symbols, 18 of them: 87 random bits.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
_GROUPS, _GROUP_LENGTH = 3, 6


def new_order_number() -> str:
    """Such as `RB-7KQ2MX-ZP4T9W-3HDYCN`: fits a URL path as it is, and is never taken for a UUID."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(("RB", *groups))


def new_access_nonce() -> str:
    """128 random bits: what an order's link is derived from, and what makes the old link die when it is renewed."""
    return secrets.token_hex(16)
