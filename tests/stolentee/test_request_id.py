"""The id of a request comes back, so that a customer's complaint leads to its lines in the log."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.mark.parametrize("header", ["x-request-id", "x-correlation-id"])
@pytest.mark.parametrize("given", ["abcdefgh", "A.b_c-1234", "0" * 64])
def test_a_plain_id_is_kept(header: str, given: str) -> None:
    answer = Client().get("/health/live", headers={header: given})
    assert (answer["X-Request-ID"], answer["X-Correlation-ID"]) == (given, given)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "0" * 65,
        "with space 1",
        "<script>alert(1)</script>",
        'quote"quote"',
        "zeile\x85zeile",
        "ü" * 9,
    ],
)
def test_anything_else_is_replaced(given: str) -> None:
    answer = Client().get("/health/live", headers={"x-request-id": given})
    assert UUID.fullmatch(answer["X-Request-ID"])
    assert answer["X-Correlation-ID"] == answer["X-Request-ID"]


def test_every_request_has_one_of_its_own_also_where_it_ends_early() -> None:
    client = Client()
    paths = ["/health/live", "/api/products", "/nowhere", "/api/auth/me", "/uploads/x.png"]
    ids = {client.get(path)["X-Request-ID"] for path in paths}
    too_large = client.post("/api/orders/create", b"x" * (11 * 2**20), content_type="application/json")
    assert too_large.status_code == 413
    ids.add(too_large["X-Request-ID"])
    assert len(ids) == len(paths) + 1
    assert all(UUID.fullmatch(request_id) for request_id in ids)
