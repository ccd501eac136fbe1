"""`oauth/sync` opens an account only to a token that the Supabase project has signed (CONTRACT 10.18)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from accounts import supabase
from accounts.models import User

pytestmark = pytest.mark.django_db
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def project(settings: Any) -> Iterator[str]:
    """A Supabase project on loopback that publishes its signing key."""
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key()))
    keys = json.dumps({"keys": [public | {"kid": "k1", "alg": "ES256", "use": "sig"}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/auth/v1/.well-known/jwks.json" else 404)
            self.end_headers()
            self.wfile.write(keys)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.SUPABASE_URL = f"http://127.0.0.1:{server.server_port}"
    supabase._keys.cache_clear()
    yield settings.SUPABASE_URL
    server.shutdown()
    server.server_close()
    thread.join(5)


def token(project: str, *, key: Any = KEY, algorithm: str = "ES256", **changes: Any) -> str:
    claims = {
        "sub": "supabase-1",
        "aud": "authenticated",
        "iss": f"{project}/auth/v1",
        "exp": int(time.time()) + 600,
        "email": "ada@example.com",
        "user_metadata": {"email_verified": True},
    } | changes
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "k1"})


def sync(proof: str | None, *, header: bool = False, **changes: Any) -> Any:
    body = {"email": "ada@example.com", "name": "Ada", "supabaseId": "supabase-1"} | changes
    if proof and not header:
        body["access_token"] = proof
    headers = {"authorization": f"Bearer {proof}"} if proof and header else {}
    return Client().post("/api/auth/oauth/sync", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("header", [True, False])
def test_a_proven_identity_gets_its_account_and_finds_it_again(project: str, header: bool) -> None:
    first, second = (sync(token(project), header=header).json()["data"] for _ in range(2))
    assert first["user"]["id"] == second["user"]["id"]
    me = Client().get("/api/auth/me", headers={"authorization": f"Bearer {first['token']}"})
    assert me.json()["data"]["user"]["email"] == "ada@example.com"


def test_a_proven_address_joins_the_account_that_has_it(project: str) -> None:
    ada = User.objects.create_user("ada@example.com", "Correct-Horse-1", name="Ada")
    assert sync(token(project)).json()["data"]["user"]["id"] == str(ada.pk)
    other = sync(token(project, sub="supabase-2"), supabaseId="supabase-2")
    assert (other.status_code, other.json()["code"]) == (409, "identity_conflict")


STRANGER = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "forge",
    [
        lambda p: None,
        lambda p: "nonsense",
        lambda p: token(p, key=STRANGER),
        lambda p: token(p, key="x" * 32, algorithm="HS256"),
        lambda p: jwt.encode({"sub": "supabase-1"}, "", algorithm="none"),
        lambda p: token(p, aud="anon"),
        lambda p: token(p, iss="https://evil.example"),
        lambda p: token(p, exp=int(time.time()) - 10),
        lambda p: token(p, user_metadata={}),
        lambda p: token(p, user_metadata={"email_verified": False}),
        lambda p: token(p, email="eve@example.com"),
        lambda p: token(p, sub="supabase-2"),
    ],
)
def test_no_takeover_without_proof(project: str, forge: Any) -> None:
    User.objects.create_user("ada@example.com", "Correct-Horse-1", name="Ada", role=User.Role.OWNER)
    before = User.objects.values().get()
    answer = sync(forge(project))
    assert (answer.status_code, answer.json()["code"]) == (403, "identity_unproven")
    assert User.objects.values().get() == before


def test_without_a_project_nobody_is_proven(settings: Any) -> None:
    settings.SUPABASE_URL = ""
    assert sync("anything").status_code == 403
    assert User.objects.count() == 0


def test_unreachable_keys_are_our_failure_and_not_the_users(settings: Any) -> None:
    settings.SUPABASE_URL = "http://127.0.0.1:9"
    supabase._keys.cache_clear()
    proof = token(settings.SUPABASE_URL)
    assert sync(proof).status_code == 503
