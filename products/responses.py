"""Serialized answers: built once per version and parameters, compressed once per encoding, revalidated by ETag."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import brotli
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags

_KEPT = 64
_WORTH_COMPRESSING_BYTES = 500


@dataclass
class Answer:
    """One body and its encodings, made at first use."""

    body: bytes
    etag: str
    encoded: dict[str, bytes] = field(default_factory=dict)

    def in_encoding(self, encoding: str) -> bytes:
        if encoding not in self.encoded:
            self.encoded[encoding] = _ENCODERS[encoding](self.body)
        return self.encoded[encoding]


_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
_answers: OrderedDict[Hashable, Answer] = OrderedDict()
_lock = threading.Lock()


def cached_answer(key: Hashable, build: Callable[[], bytes]) -> Answer:
    """The answer of `key`, which names the catalogue's token: another token is another key. The oldest are dropped."""
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            return _answers[key]
    body = build()
    answer = Answer(body, hashlib.sha256(body).hexdigest()[:32])
    with _lock:
        _answers[key] = answer
        while len(_answers) > _KEPT:
            _answers.popitem(last=False)
    return answer


def respond(request: HttpRequest, answer: Answer) -> HttpResponse:
    """The answer in the best encoding, or 304. Browsers keep it and ask each time, so that edits show at once."""
    encoding = _best_encoding(request.headers.get("Accept-Encoding", ""), len(answer.body))
    etag = f'"{answer.etag}-{encoding}"' if encoding else f'"{answer.etag}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if etag in known or "*" in known:
        response: HttpResponse = HttpResponseNotModified()
    else:
        body = answer.in_encoding(encoding) if encoding else answer.body
        response = HttpResponse(body, content_type="application/json")
        if encoding:
            response["Content-Encoding"] = encoding
    response["ETag"] = etag
    response["Cache-Control"] = "public, no-cache"
    response["Vary"] = "Accept-Encoding"
    return response


def _best_encoding(accepted: str, size_bytes: int) -> str:
    """br, gzip, or "" where the client takes neither or the body is too small to gain."""
    if size_bytes < _WORTH_COMPRESSING_BYTES:
        return ""
    weights = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        weight = parameter.strip().removeprefix("q=")
        weights[name] = float(weight) if weight.replace(".", "", 1).isdigit() else 1.0
    return next((name for name in _ENCODERS if weights.get(name, 0) > 0), "")
