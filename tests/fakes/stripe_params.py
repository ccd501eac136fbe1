"""A form against the typed parameters of Stripe's own SDK: unknown names, missing ones, wrong types and values.

The SDK's types are those of the version that the shop talks with, so no copy of Stripe's documents can go stale.
"""

from __future__ import annotations

import re
import sys
import types
import typing
from typing import Any

import stripe._request_options

Tree = dict[str, Any]


def fault(form: dict[str, str], params: Any) -> str:
    """What Stripe would refuse first in this form, or "" where nothing is wrong."""
    return _mapping("", _tree(form), params)


def _tree(form: dict[str, str]) -> Tree:
    """`{"a[b][0]": "x"}` as `{"a": {"b": {"0": "x"}}}`."""
    tree: Tree = {}
    for name, value in form.items():
        *parents, leaf = re.findall(r"[^\[\]]+", name)
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return tree


def _mapping(path: str, value: Any, params: Any) -> str:
    if not isinstance(value, dict):
        return f"Invalid object: {path}"
    hints = _hints(params)
    for name in value:
        if name not in hints:
            return f"Received unknown parameter: {_join(path, name)}"
    missing = sorted(params.__required_keys__ - value.keys())
    if missing:
        return f"Missing required param: {_join(path, missing[0])}"
    faults = (_value(_join(path, name), part, hints[name]) for name, part in value.items())
    return next((found for found in faults if found), "")


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _value(path: str, value: Any, kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if hasattr(kind, "__required_keys__"):  # a typed dictionary, whichever module it is made with
        return _mapping(path, value, kind)
    if origin in (typing.Union, types.UnionType):
        # The SDK also takes any text where it lists words, for words that do not exist yet; we are as strict as Stripe.
        # A list of the empty text alone is how a field is cleared, and lists nothing.
        lists_words = any(typing.get_origin(one) is typing.Literal and any(one.__args__) for one in arguments)
        faults = [_value(path, value, one) for one in arguments if not (lists_words and one is str)]
        return "" if "" in faults else faults[0]
    if origin is typing.Literal:
        return "" if value in arguments else f"Invalid {path}: must be one of {', '.join(arguments)}"
    if origin is list:
        items = value.values() if isinstance(value, dict) else ()
        faults = (_value(f"{path}[{i}]", item, arguments[0]) for i, item in enumerate(items))
        return next((found for found in faults if found), "" if items else f"Invalid array: {path}")
    if origin is dict:
        return "" if isinstance(value, dict) else f"Invalid hash: {path}"
    patterns = {int: r"-?[0-9]+", float: r"-?[0-9]+(\.[0-9]+)?", bool: r"true|false", str: r"(?s).*"}
    fits = kind in patterns and isinstance(value, str) and re.fullmatch(patterns[kind], value)
    return "" if fits else f"Invalid {getattr(kind, '__name__', kind)}: {path}"


def _hints(params: Any) -> dict[str, Any]:
    """The types by name. The SDK imports some of them for type checkers alone, hence the names that are added."""
    names = vars(sys.modules[params.__module__]) | vars(stripe._request_options) | {"StripeContext": str}
    return typing.get_type_hints(params, globalns=names)
