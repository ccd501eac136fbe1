"""The storefront-shaped client against Django's test client: the whole stack below the web server, without sockets."""

from __future__ import annotations

import io
from typing import Any

import requests
from django.test import Client
from django.test.client import ClientHandler
from requests.adapters import BaseAdapter

from demo.storefront import Storefront

API_URL = "http://testserver"
# The test client tells these to the application by other means.
_OWN_HEADERS = {"content-type", "content-length", "connection", "accept-encoding", "transfer-encoding"}
# Loading the middleware reads every static file of the shop: once is enough.
_handler = ClientHandler(enforce_csrf_checks=False)


class InProcessAdapter(BaseAdapter):
    """Carries what `requests` has prepared, byte for byte, to the application."""

    def __init__(self) -> None:
        super().__init__()
        # As in production, a crash is an answer and not an exception.
        self._client = Client(raise_request_exception=False)
        self._client.handler = _handler

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        body = request.body or b""
        answer = self._client.generic(
            request.method or "GET",
            request.path_url,
            data=body.encode() if isinstance(body, str) else body,
            content_type=request.headers.get("Content-Type", ""),
            headers={k: v for k, v in request.headers.items() if k.lower() not in _OWN_HEADERS},
        )
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        received = requests.Response()
        received.status_code = answer.status_code
        received.reason = answer.reason_phrase
        received.headers.update(answer.headers.items())
        received.raw = io.BytesIO(content)
        received.url, received.request = request.url or "", request
        return received

    def close(self) -> None:
        """Nothing is open between two requests."""


def storefront(token: str = "") -> Storefront:
    """A fresh browser that follows no redirect: the storefront's POSTs would lose their bodies."""
    session = requests.Session()
    session.mount(API_URL, InProcessAdapter())
    session.max_redirects = 0
    return Storefront(API_URL, token=token, session=session)
