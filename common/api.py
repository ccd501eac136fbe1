"""What every endpoint shares: the success envelope, the JSON that comes in, and the JSON types of money and time."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from common.money import round_to_cents


def success(data: Any, status: int = 200) -> Response:
    """The envelope of CONTRACT: `{"success": true, "data": ...}`."""
    return Response({"success": True, "data": data}, status=status)


def envelope(name: str, **fields: serializers.Field | type[serializers.Serializer]) -> serializers.Serializer:
    """The documented shape of `success({...fields})`, for drf-spectacular."""
    members = {key: field() if isinstance(field, type) else field for key, field in fields.items()}
    return inline_serializer(
        f"{name}Envelope",
        {
            "success": serializers.BooleanField(default=True),
            "data": inline_serializer(f"{name}Data", members),
        },
    )


_MAX_JSON_DEPTH = 64


class StorableJSONParser(JSONParser):
    """JSON that every database can keep, because parts of some bodies are kept as they were sent.

    PostgreSQL refuses NUL, half of a surrogate pair and 1e999, all of which Python reads without a word.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply.") from error
        _refuse_unstorable(data, _MAX_JSON_DEPTH)
        return data


def _refuse_unstorable(data: Any, depth: int) -> None:
    if depth == 0:
        raise ParseError("JSON parse error - nested too deeply.")
    if isinstance(data, dict):
        for key, value in data.items():
            _refuse_unstorable(key, depth - 1)
            _refuse_unstorable(value, depth - 1)
    elif isinstance(data, list):
        for value in data:
            _refuse_unstorable(value, depth - 1)
    elif isinstance(data, float) and not math.isfinite(data):
        raise ParseError("JSON parse error - a number is out of range.")
    elif isinstance(data, str) and ("\0" in data or not _is_whole(data)):
        raise ParseError("JSON parse error - a text holds a character that cannot be stored.")


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@extend_schema_field(OpenApiTypes.NUMBER)
class MoneyField(serializers.DecimalField):
    """A Decimal in code and a JSON number on the wire: the storefront calls `.toFixed` on it.

    JavaScript sends IEEE floats such as 179.95000000000002, so input is rounded to cents before anything compares it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, (int, float, Decimal)):
            raise serializers.ValidationError("Must be a number.", code="invalid")
        amount = Decimal(str(data))
        if not amount.is_finite() or abs(amount) >= 10**10:
            raise serializers.ValidationError("Must be a number below ten billion.", code="out_of_range")
        return self.validate_precision(round_to_cents(amount))

    def to_representation(self, value: Any) -> float:  # type: ignore[override]
        return float(value)


@extend_schema_field(OpenApiTypes.DATETIME)
class TimestampField(serializers.DateTimeField):
    """ISO 8601 in UTC with milliseconds and `Z`, as JavaScript writes it."""

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ModelSerializer(serializers.ModelSerializer):
    """A ModelSerializer whose money is numbers and whose times are JavaScript's."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.DateTimeField: TimestampField,
    }
