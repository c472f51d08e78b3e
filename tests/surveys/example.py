"""A made-up result with every kind of question, units published and withheld, and its audit."""

from __future__ import annotations

from zkperf.ledger.disclosure import Reason
from zkperf.surveys.questionnaire_file import parse_questionnaire
from zkperf.surveys.results import AuditFailure, AuditResult, QuestionResult, SurveyResult, UnitResult

QUESTIONNAIRE = parse_questionnaire(
    """
id = "visit"
title = { en = "Your visit", zh = "您的办事体验" }
[[question]]
id = "recommend"
text = { en = "Would you recommend us?", zh = "您会推荐我们吗?" }
kind = "single"
options = [{ id = "yes", en = "Certainly", zh = "会" }, "no"]
required = true
[[question]]
id = "liked"
text.en = "What was good?"
kind = "multi"
options = ["staff", "rooms", "wait"]
[[question]]
id = "overall"
kind = "score"
min = 0
max = 4
[[question]]
id = "minutes"
kind = "number"
min = 0
max = 240
""",
    name="Q.toml",
)

EVIL = '<script>alert("1")</script>\''
GENESIS = "3b7c" * 16


def published(number: int, minutes: QuestionResult | None = None) -> UnitResult:
    """A unit with ``number`` ratings: a quarter say no, everybody gives 3 points and waited 7 minutes."""
    return {
        "status": "published",
        "reason": None,
        "counted": number,
        "questions": {
            "recommend": {
                "status": "published",
                "reason": None,
                "answered": number,
                "counts": {"yes": number - number // 4, "no": number // 4},
            },
            "liked": {
                "status": "published",
                "answered": number,
                "counts": {"staff": number, "rooms": number // 2, "wait": 0},
            },
            "overall": {
                "status": "published",
                "answered": number,
                "counts": {"0": 0, "1": 0, "2": 0, "3": number, "4": 0},
                "total": 3 * number,
                "mean": "3.000000",
            },
            "minutes": minutes
            or {"status": "published", "answered": number, "total": 7 * number, "mean": "7.000000"},
        },
    }


def withheld(number: int, reason: Reason) -> UnitResult:
    return {"status": "withheld", "reason": reason, "counted": number}


def result() -> SurveyResult:
    few: QuestionResult = {"status": "withheld", "reason": Reason.SMALL}
    return {
        "round": "9f" * 32,
        "suite": "ristretto255",
        "genesis": GENESIS,
        "units": {
            "Tax hall": published(1240),
            EVIL: published(40, minutes=few),
            "市民服务中心": published(60),
            "Annex": withheld(3, Reason.SMALL),
            "Library": withheld(14, Reason.SHIELD),
        },
        "total": published(1357),
    }


def audit(ok: bool = True) -> AuditResult:
    failures: list[AuditFailure] = [{"index": 512, "reason": "unit 4: <b>not</b> the sum"}]
    failures += [{"index": None, "reason": f"missing {number}"} for number in range(60)]
    return {
        "ok": ok,
        "genesis": GENESIS,
        "origin_verified": ok,
        "ratings": 1357,
        "verified": 1357,
        "known": 0,
        "part": None,
        "checks": [
            {"name": "log", "passed": True, "failures": []},
            {"name": "openings", "passed": ok, "failures": [] if ok else failures},
        ],
        "cohorts": [
            {"round": "r", "unit": "Tax hall", "ratings": 1240, "issued": 1251, "anonymity_set": 87},
            {"round": "r", "unit": "Empty", "ratings": 0, "issued": 4, "anonymity_set": None},
        ],
        "open_rounds": [],
        "seconds": 6.21,
    }
