"""Results computed from the input files with fractions alone: code of its own, to compare with.

It knows the kinds target, improved, band, ratio, parts and index, and grades. Which claims and which bounds
of a grade are not asked it takes from the result that it is compared with: every verdict, grade and share
that is published it computes by itself.
"""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

Figures = dict[str, Fraction]


def six(value: Fraction) -> str:
    """Six decimals, halves to even."""
    scaled = value * 10**6
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2):
        whole += 1
    sign = "-" if whole < 0 else ""
    return f"{sign}{abs(whole) // 10**6}.{abs(whole) % 10**6:06d}"


def exactly(value: Fraction, scale: int) -> str:
    whole = value * 10**scale
    assert whole.denominator == 1
    digits = f"{abs(whole.numerator):0{scale + 1}d}"
    text = f"{digits[: len(digits) - scale]}.{digits[len(digits) - scale :]}" if scale else digits
    return f"-{text}" if value < 0 else text


def target(indicator: dict[str, Any], period: str) -> Fraction | None:
    value = indicator.get("target")
    value = value.get(period) if isinstance(value, dict) else value
    return None if value is None else Fraction(value)


def at_target(indicator: dict[str, Any], period: str, value: Fraction) -> bool:
    aim = target(indicator, period)
    assert aim is not None
    return value >= aim if indicator["better"] == "higher" else value <= aim


def index(scheme: dict[str, Any], figures: Figures) -> Fraction | None:
    weights = {i["id"]: Fraction(i["weight"]) for i in scheme["indicator"] if "weight" in i}
    reported = {name: weight for name, weight in weights.items() if name in figures}
    if len(reported) < 2 or max(reported.values()) > Fraction(2, 3) * sum(reported.values()):
        return None
    total = Fraction(0)
    for indicator in scheme["indicator"]:
        name = indicator["id"]
        if name not in weights:
            continue
        low, high = Fraction(indicator["min"]), Fraction(indicator["max"])
        score = Fraction(indicator.get("missing", "0"))
        if name in figures:
            score = (figures[name] - low) / (high - low)
            score = score if indicator["better"] == "higher" else 1 - score
        total += weights[name] * score
    return total / sum(weights.values())


def grade(scheme: dict[str, Any], figures: Figures) -> str | None:
    value = index(scheme, figures)
    if value is None:
        return None
    return next(str(name) for name, least in scheme["index"]["grades"] if value >= Fraction(least))


def graded(scheme: dict[str, Any], figures: Figures, said: dict[str, Any]) -> dict[str, Any]:
    """What is published of a grade: of a range, that the grade lies in it."""
    names = [str(name) for name, _ in scheme["index"]["grades"]]
    mine = grade(scheme, figures)
    if mine is None:
        return {"grade": None, "grades": None}
    if said["grade"] == "not asked":
        return {"grade": "not asked", "grades": None}
    best, worst = said["grades"]
    first, last = names.index(best), names.index(worst)
    assert first <= names.index(mine) <= last, "the grade is not in the range that was published"
    assert (first, last) != (0, len(names) - 1), "a range that says nothing"
    if first == last:
        return {"grade": mine, "grades": [mine, mine]}
    text = f"{worst} or better" if first == 0 else f"{best} to {worst}"
    return {
        "grade": f"{best} or worse" if last == len(names) - 1 else text,
        "grades": [best, worst],
    }


def judged(verdict: str, said: str) -> str:
    """A claim may not be asked that could be made."""
    return "not asked" if said == "not asked" and verdict in ("proved", "not proved") else verdict


def claim(scheme: dict[str, Any], fields: dict[str, Any], period: str, now: Figures, before: Figures) -> str:
    """The verdict on one claim of one provider."""
    indicators = {indicator["id"]: indicator for indicator in scheme["indicator"]}
    kind, name = fields["kind"], fields.get("indicator", "")
    if kind == "target":
        if name not in now or target(indicators[name], period) is None:
            return "not reported"
        holds = at_target(indicators[name], period, now[name])
    elif kind == "improved":
        if name not in now or name not in before:
            return "not reported"
        gain = now[name] - before[name]
        gain = gain if indicators[name]["better"] == "higher" else -gain
        holds = gain > 0 and 100 * gain >= Fraction(fields["percent"]) * before[name]
    elif kind == "band":
        if name not in now:
            return "not reported"
        holds = Fraction(fields["low"]) <= now[name] <= Fraction(fields["high"])
    elif kind == "ratio":
        if not {fields["numerator"], fields["denominator"]} <= now.keys():
            return "not reported"
        holds = now[fields["numerator"]] / now[fields["denominator"]] <= Fraction(fields["at_most"])
    elif kind == "parts":
        if not {*fields["parts"], fields["total"]} <= now.keys():
            return "not reported"
        holds = sum(now[part] for part in fields["parts"]) == now[fields["total"]]
    else:
        value = index(scheme, now)
        if value is None:
            return "not reported"
        holds = value >= Fraction(fields["at_least"])
    return "proved" if holds else "not proved"


def disclosed(numbers: dict[str, int], k_min: int) -> tuple[str | None, dict[str, str | None]]:
    """Why all together, and why each group, is withheld, for one root with groups under it."""
    everybody = sum(numbers.values())
    if everybody < k_min:
        reason = "no reports" if everybody == 0 else "fewer than the minimum"
        return reason, dict.fromkeys(numbers, "its parent is withheld")
    why: dict[str, str | None] = {}
    for group, number in numbers.items():
        why[group] = "no reports" if number == 0 else "fewer than the minimum" if number < k_min else None
    while shown := [group for group, reason in why.items() if reason is None]:
        left = everybody - sum(numbers[group] for group in shown)
        if left == 0 or left >= k_min:
            break
        why[min(shown, key=lambda group: (numbers[group], group))] = "protects a smaller group"
    return None, why


def tied(scheme: dict[str, Any], name: str) -> set[str]:
    """The indicators that are pooled with this one (at most one claim of kind parts names it)."""
    for fields in scheme.get("claim", []):
        if fields["kind"] == "parts" and name in (named := {*fields["parts"], fields["total"]}):
            return named
    return {name}


def recompute(
    scheme_path: Path, figures_path: Path, k_min: int, said: Any, *, rehearsal: bool = False
) -> dict[str, Any]:
    """What `zkperf report --json` has to print; of ``said``, what it printed, is taken what is not asked."""
    scheme = tomllib.loads(scheme_path.read_text("utf-8"))
    names = [indicator["id"] for indicator in scheme["indicator"]]
    rows: defaultdict[str, dict[str, tuple[str, Figures]]] = defaultdict(dict)
    with figures_path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            figures = {name: Fraction(row[name]) for name in names if row[name]}
            rows[row["period"]][row["provider"]] = row["group"], figures
    periods, before, last = {}, dict[str, tuple[str, Figures]](), None
    for period, providers in rows.items():
        results = {
            provider: {
                **graded(scheme, figures, said["periods"][period]["providers"][provider]),
                "claims": {
                    fields["id"]: judged(
                        claim(scheme, fields, period, figures, before.get(provider, ("", {}))[1]),
                        said["periods"][period]["providers"][provider]["claims"][fields["id"]],
                    )
                    for fields in scheme["claim"]
                },
                "dropped": 0,
            }
            for provider, (_, figures) in providers.items()
        }
        periods[period] = {
            "rehearsal": rehearsal,
            "compared_with": last,
            **_nodes(scheme, period, providers, results, k_min),
            "providers": results,
        }
        before, last = providers, period
    return {"periods": periods}


def _nodes(
    scheme: dict[str, Any],
    period: str,
    providers: dict[str, tuple[str, Figures]],
    results: dict[str, Any],
    k_min: int,
) -> dict[str, Any]:
    groups = sorted({group for group, _ in providers.values()})
    all_reports = {g: sum(group == g and bool(f) for group, f in providers.values()) for g in groups}
    why, why_group = disclosed(all_reports, k_min)
    nodes = {group: _node(why_group[group]) for group in groups}
    total = _node(why)
    claimed: dict[str, str] = {}
    for fields in scheme["claim"]:
        if fields["kind"] == "target":
            claimed.setdefault(fields["indicator"], fields["id"])
    for indicator in scheme["indicator"]:
        name, tie = indicator["id"], tied(scheme, indicator["id"])
        pooled = [
            (group, figures[name], results[provider]["claims"].get(claimed.get(name)))
            for provider, (group, figures) in providers.items()
            if tie <= figures.keys()
        ]
        numbers = {g: sum(group == g for group, *_ in pooled) for g in groups}
        why, why_group = disclosed(numbers, k_min)
        source = share_from(scheme, indicator, period, name in claimed)
        total["pools"][name] = _pool(indicator, period, [item[1:] for item in pooled], why, source)
        for group in groups:
            members = [item[1:] for item in pooled if item[0] == group]
            nodes[group]["pools"][name] = _pool(indicator, period, members, why_group[group], source)
    return {"total": total, "groups": nodes}


def share_from(scheme: dict[str, Any], indicator: dict[str, Any], period: str, public: bool) -> str | None:
    """Committed bits are asked for where each answer leaves as many values as the floor, or none."""
    aim = target(indicator, period)
    if aim is None or public:
        return None if aim is None else "claims"
    step = Fraction(1, 10 ** indicator.get("scale", 0))
    low, high = Fraction(indicator["min"]), Fraction(indicator["max"])
    below, above = (aim - low) / step, (high - aim) / step + 1
    if indicator["better"] == "lower":
        below, above = below + 1, above - 1
    least = min(Fraction(indicator.get("floor", scheme.get("floor", 5))), (high - low) / step + 1)
    return "bits" if all(values == 0 or values >= least for values in (below, above)) else "not asked"


def _node(reason: str | None) -> dict[str, Any]:
    return {"status": "withheld" if reason else "published", "reason": reason, "lost": 0, "pools": {}}


def _pool(
    indicator: dict[str, Any],
    period: str,
    members: Sequence[tuple[Fraction, str | None]],
    reason: str | None,
    source: str | None,
) -> dict[str, Any]:
    """``members`` are figures, with the verdicts on the claim of the target, if there is one."""
    values = [value for value, _ in members]
    pool: dict[str, Any] = {"status": "withheld", "reason": reason, "count": len(values)}
    pool |= {"sum": None, "mean": None, "share_at_target": None, "share_of": None, "share_from": source}
    if reason is not None:
        return pool
    pool |= {"status": "published", "sum": exactly(sum(values, Fraction(0)), indicator.get("scale", 0))}
    pool["mean"] = six(sum(values, Fraction(0)) / len(values))
    if source in ("claims", "bits"):
        asked = [value for value, verdict in members if source == "bits" or verdict != "not asked"]
        reached = sum(at_target(indicator, period, value) for value in asked)
        pool["share_of"] = len(asked)
        pool["share_at_target"] = six(Fraction(reached, len(asked))) if asked else None
    return pool
