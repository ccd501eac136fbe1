"""A view that does not say who may enter lets nobody in."""

from typing import Any

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from tests.factories import UserFactory


class _ForgetfulView(APIView):
    def get(self, request: Any) -> Response:
        return Response({"secret": 1})


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["stranger", "owner"])
def test_a_view_without_permissions_is_closed_to_all(who: str) -> None:
    request = APIRequestFactory().get("/")
    if who == "owner":
        force_authenticate(request, UserFactory(owner=True))
    answer = _ForgetfulView.as_view()(request)
    assert answer.status_code == {"stranger": 401, "owner": 403}[who]
    assert b"secret" not in answer.content
