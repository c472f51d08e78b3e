"""A small scheme with every kind of claim, as a file, and a result of it."""

from __future__ import annotations

from random import Random

from zkperf.indicators.decimals import show
from zkperf.indicators.results import NodeResult, PeriodResult, PoolResult, ReportResult
from zkperf.indicators.scheme_file import parse_scheme
from zkperf.roles.verdicts import Verdict

SCHEME = """
id = "care"
title = { en = "Care homes", zh = "养老院" }

[[indicator]]
id = "quality"
title = { en = "Quality of life", zh = "生活质量" }
unit = "points"
scale = 1
min = "0"
max = "30"
better = "higher"
target = { "2023" = "19.0", "2024" = "19.5" }
weight = "0.6"

[[indicator]]
id = "turnover"
unit = "%"
scale = 2
min = "0"
max = "100"
better = "lower"
target = "25"
weight = "0.4"
missing = "0.5"

[[indicator]]
id = "cost"
scale = 0
min = "1"
max = "90000"
better = "lower"

[[indicator]]
id = "staff_cost"
min = "0"
max = "90000"
better = "lower"

[[indicator]]
id = "other_cost"
min = "0"
max = "90000"
better = "lower"

[[claim]]
id = "quality_target"
kind = "target"
indicator = "quality"

[[claim]]
id = "quality_band"
kind = "band"
indicator = "quality"
low = "10.0"
high = "25"

[[claim]]
id = "staff_share"
kind = "ratio"
numerator = "staff_cost"
denominator = "cost"
at_most = "0.8"

[[claim]]
id = "less_turnover"
kind = "improved"
indicator = "turnover"
percent = "2.5"

[[claim]]
id = "costs"
kind = "parts"
parts = ["staff_cost", "other_cost"]
total = "cost"

[[claim]]
id = "good"
kind = "index"
at_least = "0.5"

[index]
publish = "grade"
grades = [["A", "0.80"], ["B", "0.60"], ["C", "0"]]
"""

HEADER = "period,provider,group,quality,turnover,cost,staff_cost,other_cost"


def result() -> ReportResult:
    """Two periods of two groups, with every verdict and every reason for withholding.

    In 2024 not everything was asked: Cherry Yard has a range for a grade, and has contradicted itself; Damson
    Row's grade was not asked; Elder Grove posted nothing.
    """

    def pool(
        mean: str | None,
        count: int,
        share: str | None = None,
        reason: str | None = None,
        of: int | None = None,
    ) -> PoolResult:
        return {
            "status": "published" if mean else "withheld",
            "reason": reason,
            "count": count,
            "sum": f"{float(mean) * count:.1f}" if mean else None,
            "mean": mean,
            "share_at_target": share,
            "share_of": (count if of is None else of) if share else None,
            "share_from": "bits" if share else None,
        }

    def node(quality: PoolResult, turnover: PoolResult, others: PoolResult) -> NodeResult:
        pools = {"quality": quality, "turnover": turnover}
        pools |= dict.fromkeys(("cost", "staff_cost", "other_cost"), others)
        return {"status": "published", "reason": None, "lost": 0, "pools": pools}

    small, empty = pool(None, 2, reason="fewer than the minimum"), pool(None, 0, reason="no ratings")
    verdicts: list[Verdict] = ["proved", "not proved", "not reported", "proved", "proved", "not proved"]
    claims = dict(zip((claim.id for claim in parse_scheme(SCHEME, name="S").claims), verdicts, strict=True))
    periods: dict[str, PeriodResult] = {}
    for period, mean in (("2023", "18.250000"), ("2024", "19.500000")):
        periods[period] = {
            "rehearsal": False,
            "compared_with": None if period == "2023" else "2023",
            "total": node(pool(mean, 24, "0.458333"), pool("24.125000", 22, "0.500000"), small),
            "groups": {
                "North & East": node(pool("17.000000", 12, "0.250000"), small, empty),
                "South": node(pool("21.750000", 12, "0.666667"), pool("20.000000", 12, "1.000000"), empty),
            },
            "providers": {
                "Ash <b>House</b>": {"grade": "A", "grades": ["A", "A"], "claims": claims, "dropped": 0},
                "Beech Court": {
                    "grade": None,
                    "grades": None,
                    "claims": dict.fromkeys(claims, "not reported"),
                    "dropped": 0,
                },
            },
        }
    few: dict[str, Verdict] = dict.fromkeys(claims, "not asked")
    periods["2024"]["providers"] |= {
        "Cherry Yard": {
            "grade": "B or better",
            "grades": ["A", "B"],
            "claims": few | {"quality_target": "proved", "less_turnover": "not proved"},
            "dropped": 1,
        },
        "Damson Row": {"grade": "not asked", "grades": None, "claims": few, "dropped": 0},
        "Elder Grove": {
            "grade": None,
            "grades": None,
            "claims": dict.fromkeys(claims, "nothing posted"),
            "dropped": 0,
        },
    }
    periods["2024"]["groups"]["South"]["pools"]["turnover"] |= {"share_at_target": "0.900000", "share_of": 10}
    return {"periods": periods}


def figures_csv(providers: int = 8) -> str:
    """Two periods of two groups; the third provider never reports its turnover, the last nothing at all.

    In 2023 all of the South are at the target of turnover, and none of the North; in 2024 both are mixed.
    """
    random, lines = Random(1), [HEADER]
    for period in ("2023", "2024"):
        for number in range(providers):
            staff, other = random.randrange(1, 4000), random.randrange(1, 4000)
            quality, turnover = random.randrange(0, 301), random.randrange(2600, 10000)
            if number >= providers // 2:
                turnover = random.randrange(0, 2500)
            if period == "2024" and number in (0, providers // 2):
                turnover = 1000 if number == 0 else 9000
            cells = [show(quality, 1), "" if number == 2 else show(turnover, 2)]
            cells += [str(staff + other), str(staff), str(other)]
            if number == providers - 1:
                cells = [""] * 5
            group = "North" if number < providers // 2 else "South"
            lines.append(",".join([period, f"Home {number}", group, *cells]))
    return "\n".join(lines) + "\n"
