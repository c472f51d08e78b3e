"""Records with one field of the wrong type or size: all of them have to be refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from zkperf.encoding import Record
from zkperf.errors import EncodingError


def refuses_misfits(record: Record, *loose: str) -> None:
    """``record`` is read as it is written, and with one value in it changed to another type it is refused.

    Byte strings have one size, except in the fields ``loose``. Of several items the first stands for all.
    """
    assert type(record).from_array(record.to_array()) == record
    for where, fields in _misfits(record, loose):
        with pytest.raises(EncodingError, match=f"^{type(record).__name__}: {where}"):
            type(record).from_array(fields)


def _misfits(value: Any, loose: Collection[str], name: str = "") -> Iterator[tuple[str, Any]]:
    """(where it is, the plain form of ``value`` with one misfit in it)"""
    for misfit in _instead(value, name in loose):
        yield "", misfit
    if isinstance(value, Record):
        fields = value.to_array()
        for place, field in enumerate(type(value).model_fields):
            for where, misfit in _misfits(getattr(value, field), loose, field):
                yield f"{field}.{where}".rstrip("."), [*fields[:place], misfit, *fields[place + 1 :]]
    elif isinstance(value, tuple) and value:
        rest = [item.to_array() if isinstance(item, Record) else item for item in value[1:]]
        for where, misfit in _misfits(value[0], loose, name):
            yield f"0.{where}".rstrip("."), [misfit, *rest]


def _instead(value: Any, loose: bool) -> list[Any]:
    if isinstance(value, bytes):
        return ["text", 1, [value], *([] if loose else [value[1:], value + b"x"])]
    if isinstance(value, bool):
        return [0, 1, "true"]
    if isinstance(value, int):
        return [True, str(value), b"\x01", [value]]
    if isinstance(value, str):
        return ["", b"text", 1, [value]]
    if isinstance(value, dict):
        return [[], "text", {"en": 1}, {1: "text"}]
    return [b"bytes", 1] if isinstance(value, tuple | Record) else []
