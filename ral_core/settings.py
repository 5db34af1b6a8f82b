"""Checks that every frozen settings class shares: each failure is one sentence that names the setting."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from ral_core.errors import DataError, UnknownName

T = TypeVar("T")


def from_mapping(cls: type[T], values: Mapping[str, Any], table: str) -> T:
    """Build dataclass `cls` from named values of `table`. Raises DataError or UnknownName with a sentence."""
    refuse_unknown(table, values, cls)
    try:
        return cls(**values)
    except TypeError as problem:
        raise DataError(f"The settings in {table!r} do not fit: {problem}.") from None


def refuse_unknown(table: str, values: Mapping[str, Any], cls: type) -> None:
    """Raise UnknownName, with the nearest real name, when `values` names no field of `cls`."""
    known = [item.name for item in fields(cls)]
    for name in values:
        if name not in known:
            raise UnknownName(f"There is no setting {name!r} in {table!r}.{near(name, known)}")


def near(name: str, known: Iterable[str]) -> str:
    """Which names there are, the closest to `name` first."""
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{hint} Known: {', '.join(sorted(known))}."


def one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise UnknownName when `value` is none of `known`."""
    if value not in known:
        raise UnknownName(f"{name} cannot be {value!r}.{near(str(value), known)}")


def at_least(name: str, value: float, smallest: float) -> None:
    """Raise DataError when `value` is below `smallest` or is no number."""
    if not value >= smallest:
        raise DataError(f"{name} must be at least {smallest}, not {value}.")
