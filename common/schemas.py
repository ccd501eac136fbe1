"""Holding a document against a JSON Schema (draft 2020-12)."""

from __future__ import annotations

from typing import Any


def schema_errors(document: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with the document, sorted; nothing where it fits."""
    # At its import jsonschema loads the grammar of every format that it finds installed: a second of each start.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    return sorted(error.message for error in Draft202012Validator(schema).iter_errors(document))
