"""What everything public gives away about a provider's figures, and which claims it is asked because of that.

`asking` decides, on a `system` of linear conditions; `search` looks for assignments that show how many
values each figure still has; `schemes` says beforehand what a scheme will not be able to ask (protocol,
section 12.6).
"""

from __future__ import annotations

from circuits.exposure.asking import Outcome, ask, learn
from circuits.exposure.schemes import Figures, Foreseen, check_floors, enter, foresee, losses
from circuits.exposure.system import System

__all__ = [
    "Figures",
    "Foreseen",
    "Outcome",
    "System",
    "ask",
    "check_floors",
    "enter",
    "foresee",
    "learn",
    "losses",
]
