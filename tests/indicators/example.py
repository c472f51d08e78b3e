"""A small scheme with every kind of claim, as a file."""

from __future__ import annotations

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
