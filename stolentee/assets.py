"""What browsers and caches are told about the pictures of garments."""

from __future__ import annotations

from wsgiref.headers import Headers

_WEEK_S = 604_800


def add_asset_headers(headers: Headers, path: str, url: str) -> None:
    """A week in browsers and in the CDN, readable by canvases of any origin. WhiteNoise asks once per file."""
    if url.startswith("/assets/"):
        headers["Cache-Control"] = f"public, max-age={_WEEK_S}, immutable"
        headers["CDN-Cache-Control"] = f"public, max-age={_WEEK_S}"
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
