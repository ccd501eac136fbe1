"""The storefront's design document within its limits, and nothing that is not one."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.serializers import ValidationError

from designs.serializers import (
    DESIGN_DATA_MAX_BYTES,
    DesignWriteSerializer,
    clean_design_data,
    clean_position,
)

POSITION = {
    "x": 419.775,
    "y": 405.331,
    "scaleX": 0.6004497244665725,
    "scaleY": 0.600449724466573,
    "rotation": 0,
}
NAME = "a" * 27


@pytest.mark.parametrize(
    "position",
    [
        None,
        POSITION,
        POSITION | {"x": -10_000, "y": 10_000, "rotation": -720.5},
        POSITION | {"scaleX": 0.001},
        POSITION | {"locked": True},
    ],
    ids=str,
)
def test_positions_of_the_stage(position: Any) -> None:
    assert clean_position(position) is None


@pytest.mark.parametrize(
    ("position", "named"),
    [
        ({}, "A position needs"),
        ([], "A position needs"),
        ("left", "A position needs"),
        ({key: value for key, value in POSITION.items() if key != "rotation"}, "A position needs"),
        (POSITION | {"x": "1"}, "x must be a number"),
        (POSITION | {"x": None}, "x must be a number"),
        (POSITION | {"y": True}, "y must be a number"),
        (POSITION | {"y": float("nan")}, "y must be a number"),
        (POSITION | {"rotation": float("inf")}, "rotation must be a number"),
        (POSITION | {"rotation": 10_000.5}, "rotation must be a number"),
        (POSITION | {"scaleX": 0}, "above 0"),
        (POSITION | {"scaleY": -1}, "above 0"),
    ],
    ids=str,
)
def test_what_is_no_position_is_refused(position: Any, named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        clean_position(position)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"front": None, "neck": []},
        {"front": [None] * 4, "back": [POSITION] * 4, "neck": [None]},
        {"front": [], "selectedColor": "Black", "selectedSize": "M", "anything": {"else": [1]}},
    ],
    ids=lambda document: str(document)[:50],
)
def test_documents_of_the_storefront(document: dict[str, Any]) -> None:
    assert clean_design_data(document) == document


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"front": [None] * 5}, "front must be a list of at most 4"),
        ({"back": [None] * 5}, "back must be a list of at most 4"),
        ({"neck": [None] * 2}, "neck must be a list of at most 1"),
        ({"front": {"0": None}}, "front must be a list"),
        ({"front": "none"}, "front must be a list"),
        ({"back": [POSITION | {"x": 1e9}]}, "x must be a number"),
        ({"notes": "x" * DESIGN_DATA_MAX_BYTES}, "too large"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_beyond_the_limits_is_refused(document: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        clean_design_data(document)


def thumbnail(url: Any) -> Any:
    body = DesignWriteSerializer(data={"thumbnailUrl": url}, partial=True)
    body.is_valid(raise_exception=True)
    return body.validated_data["thumbnailUrl"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        (None, ""),
        (f" /uploads/{NAME}.png\n", f"/uploads/{NAME}.png"),
        (f"/uploads/{NAME}.png", f"/uploads/{NAME}.png"),
        (f"http://localhost:3001/uploads/{NAME}.jpg", f"/uploads/{NAME}.jpg"),
        (f"https://api.stolentee.com/uploads/{NAME}.png", f"/uploads/{NAME}.png"),
    ],
)
def test_a_thumbnail_is_kept_without_the_host_that_showed_it(sent: str | None, kept: str) -> None:
    assert thumbnail(sent) == kept


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/pixel.png",
        f"https://evil.example/x/uploads/{NAME}.png",
        f"//evil.example/uploads/{NAME}.png",
        f"javascript:/uploads/{NAME}.png",
        f"/uploads/{NAME}.svg",
        f"/uploads/{NAME}.png?x=1",
        f"/uploads/{NAME}.png\n/x",
        f"/uploads/../{NAME}.png",
        "/uploads/short.png",
        "data:image/png;base64,AAAA",
        "blob:http://localhost:5173/x",
        "x" * 501,
    ],
)
def test_a_thumbnail_is_a_file_of_the_shop(url: str) -> None:
    body = DesignWriteSerializer(data={"thumbnailUrl": url}, partial=True)
    assert not body.is_valid()
    assert set(body.errors) == {"thumbnailUrl"}
