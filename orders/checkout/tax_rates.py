"""State and provincial sales tax on clothing, for shops without Stripe Tax. Pure data.

US: general state rates and clothing exemptions as published by the states' revenue departments (2026); no
county or city rates. Canada: GST, HST and provincial tax together, as published by the Canada Revenue Agency (2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Rate:
    """`exempt_below`: a piece of clothing that costs less is not taxed; None: clothing is taxed like anything."""

    percent: Decimal
    exempt_below: Decimal | None = None

    def taxes_piece(self, unit_price: Decimal) -> bool:
        return self.exempt_below is None or unit_price >= self.exempt_below


_ALWAYS_EXEMPT = Decimal(1_000_000)

_US = {
    "AL": "4", "AK": "0", "AZ": "5.6", "AR": "6.5", "CA": "7.25", "CO": "2.9", "CT": "6.35", "DE": "0",
    "DC": "6", "FL": "6", "GA": "4", "HI": "4", "ID": "6", "IL": "6.25", "IN": "7", "IA": "6", "KS": "6.5",
    "KY": "6", "LA": "5", "ME": "5.5", "MD": "6", "MA": "6.25", "MI": "6", "MN": "6.875", "MS": "7",
    "MO": "4.225", "MT": "0", "NE": "5.5", "NV": "6.85", "NH": "0", "NJ": "6.625", "NM": "4.875", "NY": "4",
    "NC": "4.75", "ND": "5", "OH": "5.75", "OK": "4.5", "OR": "0", "PA": "6", "RI": "7", "SC": "6",
    "SD": "4.2", "TN": "7", "TX": "6.25", "UT": "4.85", "VT": "6", "VA": "4.3", "WA": "6.5", "WV": "6",
    "WI": "5", "WY": "4",
}  # fmt: skip
_US_CLOTHING_EXEMPT_BELOW = {
    "MN": _ALWAYS_EXEMPT, "NJ": _ALWAYS_EXEMPT, "PA": _ALWAYS_EXEMPT, "VT": _ALWAYS_EXEMPT,
    "MA": Decimal(175), "NY": Decimal(110), "RI": Decimal(250),
}  # fmt: skip
US_RATES = {
    code: Rate(Decimal(percent), _US_CLOTHING_EXEMPT_BELOW.get(code)) for code, percent in _US.items()
}

_CANADA = {
    "AB": "5", "BC": "12", "MB": "12", "NB": "15", "NL": "15", "NS": "14", "NT": "5", "NU": "5", "ON": "13",
    "PE": "15", "QC": "14.975", "SK": "11", "YT": "5",
}  # fmt: skip
CANADA_RATES = {code: Rate(Decimal(percent)) for code, percent in _CANADA.items()}

_NAMES = {
    "US": {
        "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA",
        "colorado": "CO", "connecticut": "CT", "delaware": "DE", "district of columbia": "DC",
        "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN",
        "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA", "maine": "ME", "maryland": "MD",
        "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS", "missouri": "MO",
        "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH", "new jersey": "NJ",
        "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND", "ohio": "OH",
        "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI", "south carolina": "SC",
        "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
        "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    },
    "CA": {
        "alberta": "AB", "british columbia": "BC", "manitoba": "MB", "new brunswick": "NB",
        "newfoundland and labrador": "NL", "nova scotia": "NS", "northwest territories": "NT",
        "nunavut": "NU", "ontario": "ON", "prince edward island": "PE", "quebec": "QC", "québec": "QC",
        "saskatchewan": "SK", "yukon": "YT",
    },
}  # fmt: skip


def region_code(country: str, state: str) -> str:
    """The two-letter code of what a customer typed as state ("ca", " California "), or "" where it is none."""
    text = " ".join(state.split())
    code = text.upper().replace(".", "")
    known = US_RATES if country == "US" else CANADA_RATES if country == "CA" else {}
    return code if code in known else _NAMES.get(country, {}).get(text.lower(), "")
