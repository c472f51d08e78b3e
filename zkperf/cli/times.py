"""Times as people write and read them: the announced ends of rounds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from zkperf.errors import InputError
from zkperf.ledger.rules.common import DAY, LONGEST_ROUND

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?")
_FORMS = {"en": "%Y-%m-%d %H:%M", "zh": "%Y年%m月%d日 %H:%M"}
_BRACKETS = {"en": " ({})", "zh": "（{}）"}


def parse_end(text: str, clock: Callable[[], float] = time.time) -> int:
    """The Unix time of ``2026-05-31`` (the end of that day), ``2026-05-31T18:00`` or the same with a zone,
    ``+08:00`` or ``Z``. Without one, this machine's is meant.

    InputError, naming the option, for anything else, for the past, and for an end that the ledger refuses.
    """
    try:
        if not (_DATE.fullmatch(text) or _TIME.fullmatch(text)):
            raise ValueError
        moment = datetime.fromisoformat(text)
        if _DATE.fullmatch(text):
            moment += timedelta(days=1)
        end = int(moment.timestamp())
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"--until: expected a day, 2026-05-31, or a time, 2026-05-31T18:00 or 2026-05-31T18:00+08:00, "
            f"got {text!r}"
        ) from None
    now = int(clock())
    if end <= now:
        raise InputError(f"--until: {show_time(end)} is over")
    if end - now > LONGEST_ROUND:
        raise InputError(
            f"--until: {show_time(end)} is more than {LONGEST_ROUND // DAY} days from now, and the round "
            "could not be closed before"
        )
    return end


def show_time(seconds: int, language: str = "en") -> str:
    """A Unix time to the minute, in this machine's zone, which is named: 2026-05-31 18:00 (UTC+08:00)."""
    try:
        moment = datetime.fromtimestamp(seconds).astimezone()
        offset = moment.utcoffset() or timedelta()
    except (ValueError, OverflowError, OSError):
        return f"{seconds} (Unix)"
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    zone = f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"
    return moment.strftime(_FORMS[language]) + _BRACKETS[language].format(zone)
