"""The admin's sign-in: its failures are pages with status 200, so every attempt counts."""

import pytest
from django.test import Client

from stolentee.middleware.rate_limit import ADMIN_LOGIN


@pytest.mark.django_db
def test_guessing_the_admins_password_ends() -> None:
    client = Client()
    form = {"username": "owner@example.com", "password": "guess"}
    answers = [client.post("/admin/login/", form).status_code for _ in range(ADMIN_LOGIN.limit + 1)]
    assert answers == [200] * ADMIN_LOGIN.limit + [429]
    assert client.get("/admin/login/").status_code == 200
