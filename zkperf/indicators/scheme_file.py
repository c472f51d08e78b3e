"""The scheme file: TOML that says what is reported, claimed and published (reference: docs/for-providers.md).

Numbers with decimals are written in quotes: TOML's own would pass through floating point. Whatever the
file says that would not be used is refused. What makes sense as a scheme is settled in
`circuits.indicators` and `circuits.claims`; what a provider is asked of it, in `circuits.exposure`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from circuits.claims import KINDS, check_claims
from circuits.exposure import check_floors
from circuits.indicators import (
    MAX_SCALE,
    Claim,
    Grade,
    Index,
    IndexPart,
    Indicator,
    IndicatorScheme,
    Ratio,
    Target,
    check_indicators,
)
from zkperf.errors import InputError
from zkperf.indicators.decimals import decimals_of, parse_decimal
from zkperf.names import check_name
from zkperf.surveys.input_files import (
    identifier,
    one_of,
    parse_toml,
    read_text,
    refuse_unknown,
    shown,
    texts,
)

COLUMNS = ("period", "provider", "group")
"""The columns of a figures file that are no indicators: no indicator can have such an id."""

PLAIN = "1"
"""The unit of a plain number."""

DEFAULT_FLOOR = 5
DEFAULT_MAX_SHARE = Fraction(2, 3)
DEFAULT_STEP = "0.01"
"""Of an exact index."""

_FILE = ("id", "title", "floor", "draw", "indicator", "claim", "index")
_INDICATOR = ("id", "title", "unit", "scale", "min", "max", "better", "target", "weight", "missing", "floor")
_INDEX = ("publish", "grades", "step", "max_share", "part")
_PART = ("source", "id", "weight", "low", "high", "missing")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def load_scheme(path: str | Path) -> IndicatorScheme:
    """The scheme in the TOML file at ``path``. InputError if it cannot be read or used."""
    path = Path(path)
    return parse_scheme(read_text(path), name=str(path))


def parse_scheme(text: str, *, name: str) -> IndicatorScheme:
    """The scheme that the TOML document ``text`` describes; errors call the file ``name``."""
    document = parse_toml(text, name)
    refuse_unknown(document, _FILE, name, "the file")
    indicators = _tables(document.get("indicator"), f"{name}: [[indicator]]")
    if not indicators:
        raise InputError(f"{name}: has no indicators; begin each with a line [[indicator]]")
    claims = _tables(document.get("claim", []), f"{name}: [[claim]]")
    index = document.get("index")
    scheme = IndicatorScheme(
        id=identifier(document.get("id"), f"{name}: id"),
        title=texts(document.get("title", {}), f"{name}: title"),
        indicators=tuple(_indicator(fields, place, name) for place, fields in enumerate(indicators, start=1)),
        claims=tuple(_claim(fields, place, name) for place, fields in enumerate(claims, start=1)),
        index=None if index is None else _index(index, f"{name}: [index]"),
        floor=_whole(document.get("floor", DEFAULT_FLOOR), f"{name}: floor"),
        draw=_whole(document.get("draw", 0), f"{name}: draw"),
    )
    try:
        check_indicators(scheme)
        check_claims(scheme)
        check_floors(scheme)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return scheme


# -- indicators -------------------------------------------------------------------------------------


def _indicator(fields: dict[str, Any], place: int, name: str) -> Indicator:
    column = _id(fields.get("id"), f"{name}: indicator {place}: id")
    where = f"{name}: indicator {column!r}"
    if column in COLUMNS:
        raise InputError(f"{where}: id: a figures file has a column of this name; choose another id")
    refuse_unknown(fields, _INDICATOR, where, "an indicator")
    unit = fields.get("unit", PLAIN)
    if not isinstance(unit, str):
        raise InputError(f"{where}: unit: expected text in quotes, got {shown(unit)}")
    check_name(unit, f"{where}: unit")
    scale = _whole(fields.get("scale", 0), f"{where}: scale")
    if scale > MAX_SCALE:
        raise InputError(f"{where}: scale: expected 0 to {MAX_SCALE} decimals, got {scale}")

    def figure(key: str, value: Any) -> int:
        return _figure(value, scale, f"{where}: {key}")

    weight = fields.get("weight")
    return Indicator(
        id=column,
        title=texts(fields.get("title", {}), f"{where}: title"),
        unit=unit,
        scale=scale,
        min=figure("min", fields.get("min")),
        max=figure("max", fields.get("max")),
        better=one_of(fields.get("better"), ("higher", "lower"), f"{where}: better"),  # type: ignore[arg-type]
        targets=_targets(fields.get("target"), figure, f"{where}: target"),
        weight=None if weight is None else _ratio(weight, f"{where}: weight"),
        missing=_ratio(fields.get("missing", "0"), f"{where}: missing"),
        floor=_whole(fields["floor"], f"{where}: floor") if "floor" in fields else None,
    )


def _targets(value: Any, figure: Callable[[str, Any], int], where: str) -> tuple[Target, ...]:
    """One target for all periods, or one for each that the table names."""
    if value is None:
        return ()
    if not isinstance(value, dict):
        return (Target(period=None, value=figure("target", value)),)
    for number, period in enumerate(value, start=1):
        check_name(period, f"{where}: period {number}")
    return tuple(Target(period=p, value=figure(f"target of {p!r}", text)) for p, text in value.items())


# -- claims -----------------------------------------------------------------------------------------


def _claim(fields: dict[str, Any], place: int, name: str) -> Claim:
    claim = _id(fields.get("id"), f"{name}: claim {place}: id")
    where = f"{name}: claim {claim!r}"
    kind = one_of(fields.get("kind"), tuple(KINDS), f"{where}: kind")
    known, read = _READERS.get(kind, _PLAIN)
    refuse_unknown(fields, ("id", "kind", *known), where, f"a claim of kind {kind!r}")
    indicators, sense, numbers = read(fields, where)
    ratios = tuple(Ratio.of(number) for number in numbers)
    return Claim(id=claim, kind=kind, indicators=tuple(indicators), sense=sense, numbers=ratios)


Read = tuple[list[str], Any, list[Fraction]]
"""A claim's indicators, sense and numbers."""


def _read_target(fields: dict[str, Any], where: str) -> Read:
    return [_named(fields, "indicator", where)], None, []


def _read_band(fields: dict[str, Any], where: str) -> Read:
    numbers = [_number(fields.get(key), f"{where}: {key}") for key in ("low", "high")]
    return [_named(fields, "indicator", where)], None, numbers


def _read_ratio(fields: dict[str, Any], where: str) -> Read:
    sense, bound = _bound(fields, where)
    return [_named(fields, key, where) for key in ("numerator", "denominator")], sense, [bound]


def _read_improved(fields: dict[str, Any], where: str) -> Read:
    percent = _number(fields.get("percent", "0"), f"{where}: percent")
    return [_named(fields, "indicator", where)], None, [percent]


def _read_parts(fields: dict[str, Any], where: str) -> Read:
    parts = fields.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise InputError(f"{where}: parts: expected a list of indicators' ids")
    ends = [key for key in ("total_min", "total_max") if key in fields]
    if "total" in fields and not ends:
        return [*parts, _named(fields, "total", where)], None, []
    if len(ends) == 2 and "total" not in fields:
        return parts, None, [_number(fields[key], f"{where}: {key}") for key in ends]
    raise InputError(f"{where}: expected total, an indicator's id, or total_min and total_max")


def _read_index(fields: dict[str, Any], where: str) -> Read:
    sense, bound = _bound(fields, where)
    return [], sense, [bound]


_READERS: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any], str], Read]]] = {
    "target": (("indicator",), _read_target),
    "band": (("indicator", "low", "high"), _read_band),
    "ratio": (("numerator", "denominator", "at_least", "at_most"), _read_ratio),
    "improved": (("indicator", "percent"), _read_improved),
    "parts": (("parts", "total", "total_min", "total_max"), _read_parts),
    "index": (("at_least", "at_most"), _read_index),
}
"""By kind the fields of a claim, and what reads them."""


def _read_plain(fields: dict[str, Any], where: str) -> Read:
    """A claim of a kind that has no words of its own: as it stands on the ledger."""
    named, numbers, sense = fields.get("indicators"), fields.get("numbers", []), fields.get("sense")
    if not isinstance(named, list) or not all(isinstance(item, str) for item in named):
        raise InputError(f"{where}: indicators: expected a list of indicators' ids")
    if not isinstance(numbers, list):
        raise InputError(f"{where}: numbers: expected a list of decimals in quotes")
    if sense is not None:
        one_of(sense, ("at least", "at most"), f"{where}: sense")
    return named, sense, [_number(item, f"{where}: numbers: {n}") for n, item in enumerate(numbers, start=1)]


_PLAIN = ("indicators", "numbers", "sense"), _read_plain


def _bound(fields: dict[str, Any], where: str) -> tuple[str, Fraction]:
    given = [key for key in ("at_least", "at_most") if key in fields]
    if len(given) != 1:
        raise InputError(f"{where}: expected either at_least or at_most")
    return given[0].replace("_", " "), _number(fields[given[0]], f"{where}: {given[0]}")


def _named(fields: dict[str, Any], key: str, where: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str):
        raise InputError(f"{where}: {key}: expected an indicator's id in quotes, got {shown(value)}")
    return value


# -- the index --------------------------------------------------------------------------------------


def _index(fields: Any, where: str) -> Index:
    if not isinstance(fields, dict):
        raise InputError(f"{where}: expected a table; begin it with a line [index]")
    refuse_unknown(fields, _INDEX, where, "the index")
    publish = one_of(fields.get("publish"), ("grade", "exact"), f"{where}: publish")
    grades, step = fields.get("grades", []), fields.get("step")
    if publish == "grade" and step is not None:
        raise InputError(f'{where}: step: a grade has none; it goes with publish = "exact"')
    if publish == "exact" and grades:
        raise InputError(f'{where}: grades: an exact index has none; they go with publish = "grade"')
    if not isinstance(grades, list):
        raise InputError(f'{where}: grades: expected a list, as in [["A", "0.8"], ["B", "0"]]')
    share = fields.get("max_share")
    parts = _tables(fields.get("part", []), f"{where}: [[index.part]]")
    return Index(
        publish=publish,  # type: ignore[arg-type]
        grades=tuple(_grade(pair, f"{where}: grades: number {n}") for n, pair in enumerate(grades, start=1)),
        step=_ratio(DEFAULT_STEP if step is None else step, f"{where}: step") if publish == "exact" else None,
        max_share=Ratio.of(DEFAULT_MAX_SHARE) if share is None else _ratio(share, f"{where}: max_share"),
        parts=tuple(_part(part, f"{where}: part {n}") for n, part in enumerate(parts, start=1)),
    )


def _grade(pair: Any, where: str) -> Grade:
    if not isinstance(pair, list) or len(pair) != 2:
        raise InputError(f'{where}: expected a name and the least index, as in ["A", "0.8"]')
    name, least = pair
    if not isinstance(name, str):
        raise InputError(f"{where}: expected a name in quotes, got {shown(name)}")
    check_name(name, where)
    return Grade(name=name, least=_ratio(least, where))


def _part(fields: dict[str, Any], where: str) -> IndexPart:
    refuse_unknown(fields, _PART, where, "a part of the index")
    return IndexPart(
        source=one_of(fields.get("source"), ("pool", "rating"), f"{where}: source"),  # type: ignore[arg-type]
        id=identifier(fields.get("id"), f"{where}: id"),
        weight=_ratio(fields.get("weight"), f"{where}: weight"),
        low=_ratio(fields.get("low"), f"{where}: low"),
        high=_ratio(fields.get("high"), f"{where}: high"),
        missing=_ratio(fields.get("missing", "0"), f"{where}: missing"),
    )


# -- values -----------------------------------------------------------------------------------------


def _tables(value: Any, where: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(fields, dict) for fields in value):
        raise InputError(f"{where}: expected tables; begin each with this line")
    return value


def _id(value: Any, where: str) -> str:
    text = identifier(value, where)
    if not _ID.fullmatch(text):
        raise InputError(f"{where}: expected 1 to 64 letters, digits, - and _; got {shown(text)}")
    return text


def _whole(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
        raise InputError(f"{where}: expected a whole number, 0 or more, without quotes; got {shown(value)}")
    return value


def _number(value: Any, where: str) -> Fraction:
    if isinstance(value, float):
        raise InputError(f'{where}: write it in quotes, as in "0.5": the file\'s own decimals are not exact')
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InputError(f'{where}: expected a decimal in quotes, as in "0.5"; got {shown(value)}')
    try:
        return parse_decimal(value)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _ratio(value: Any, where: str) -> Ratio:
    number = _number(value, where)
    try:
        return Ratio.of(number)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _figure(value: Any, scale: int, where: str) -> int:
    """A value of an indicator, as the integer that it is reported as."""
    number = _number(value, where)
    if decimals_of(str(value)) > scale:
        raise InputError(f"{where}: {value} has more than {scale} decimals, which is the indicator's scale")
    figure = int(number * 10**scale)
    if abs(figure) >= 2**63:
        raise InputError(f"{where}: does not fit into 64 bits")
    return figure
