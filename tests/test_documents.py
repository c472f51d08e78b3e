"""The documents stay true to the code: links lead somewhere, sections exist, encodings are the records'."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from circuits.complaint import Complaint
from circuits.indicators import Claim, Grade, Index, IndexPart, Indicator, IndicatorScheme, Ratio, Target
from circuits.questionnaire import Option, Question, Questionnaire
from circuits.rating import Bundle
from circuits.report import Report
from zkperf.encoding import Record
from zkperf.ledger.figure_transactions import Auditor, Place, Pool, PoolUnit, Proven
from zkperf.ledger.promises import Promise
from zkperf.ledger.transactions import (
    KINDS,
    MAX_TRANSACTION,
    Member,
    NodeSum,
    OptionCount,
    QuestionResult,
    Unit,
    UnitResult,
)
from zkperf.roles.outlook import Outlook, OutlookAsked
from zkperf.roles.registrar import Voucher
from zkperf.roles.wire import Submission
from zkperf.tokens.dealing_complaint import DealComplaint
from zkperf.tokens.keygen import Deal, DealCommitment
from zkperf.tokens.keys import CohortKeys

ROOT = Path(__file__).parents[1]
PROTOCOL = (ROOT / "docs/protocol.md").read_text("utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = [path for room in ("zkperf", "circuits", "service") for path in sorted((ROOT / room).rglob("*.py"))]

INNER: list[type[Record]] = [
    *(Questionnaire, Question, Option, Member, Unit, NodeSum, UnitResult, QuestionResult, OptionCount),
    *(Report, IndicatorScheme, Indicator, Target, Claim, Index, Grade, IndexPart, Ratio),
    *(Place, Auditor, Proven, Pool, PoolUnit),
    *(DealCommitment, Deal, DealComplaint, CohortKeys, Complaint, Bundle, Promise, Voucher, Submission),
    *(OutlookAsked, Outlook),
]
"""Records that are not transactions, but parts of them, or cross the wire by themselves."""


def prose(document: Path) -> str:
    """The text without code."""
    text = re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`", "", text)


def anchors(document: Path) -> set[str]:
    """What headings are linked by, as GitHub makes it of them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        found.add(words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_that_are_named_exist(document: Path) -> None:
    named = re.findall(
        r"`((?:zkperf|circuits|service|native|tests|benchmarks|docs|scripts)/[\w./-]*)`",
        document.read_text("utf-8"),
    )
    # Labels of the protocol look like paths.
    assert not [path for path in named if not (ROOT / path).exists() and not path.startswith("zkperf/v1/")]


def sections() -> set[str]:
    return set(re.findall(r"^##+ (\d+(?:\.\d+)?)\.? ", PROTOCOL, re.MULTILINE)) | set(
        re.findall(r"^\*\*(\d+\.\d+) ", PROTOCOL, re.MULTILINE)
    )


def test_sections_that_documents_cite_exist() -> None:
    known = sections()
    assert {"1", "2.10", "5.6", "7.3", "11"} <= known
    for document in DOCUMENTS:
        cited = set(re.findall(r"§(\d+(?:\.\d+)?)", document.read_text("utf-8")))
        assert cited <= known, document.name


def test_sections_that_the_code_cites_exist() -> None:
    cited = set()
    for source in SOURCES:
        for listed in re.findall(r"protocol, sections? ([\d., and]+)", source.read_text("utf-8")):
            cited |= set(re.findall(r"\d+(?:\.\d+)?", listed))
    assert cited and cited <= sections()


def records() -> dict[str, tuple[str, list[str]]]:
    """Appendix A: by name the kind, if it is a transaction, and the fields."""
    appendix = PROTOCOL[PROTOCOL.index("## Appendix A") : PROTOCOL.index("## Appendix B")]
    rows = re.findall(r"^\| *(\d*) *\| `(\w+)` \| (.+) \| §[\d.]+ \|$", appendix, re.MULTILINE)
    return {name: (kind, re.findall(r"`(\w+)`", fields)) for kind, name, fields in rows}


def test_every_record_is_written_down_field_by_field() -> None:
    transactions = {cls.__name__: (str(kind), list(cls.model_fields)) for kind, cls in KINDS.items()}
    parts = {cls.__name__: ("", list(cls.model_fields)) for cls in INNER}
    assert records() == transactions | parts


def test_every_kind_of_transaction_is_in_the_table() -> None:
    rows = re.findall(r"^\| (\d+) \| [a-z ]+ \| `(\w+)` \|", PROTOCOL, re.MULTILINE)
    assert rows == [(str(kind), cls.__name__) for kind, cls in KINDS.items()]


def test_labels_are_those_of_the_code() -> None:
    appendix = PROTOCOL[PROTOCOL.index("## Appendix B") : PROTOCOL.index("## Appendix C")]
    code = "".join(source.read_text("utf-8") for source in SOURCES)
    listed = set(re.findall(r"`((?:zkperf|ZKPERF-V01-(?:token|possession|draw))[^`]*)`", appendix))
    used = set(re.findall(r'"((?:zkperf/v1/|ZKPERF-V01-(?:token|possession|draw))[^"{<]*)"', code))
    assert used <= listed, "a label is missing in the document"
    assert all(f'"{label}"' in code for label in listed), "a label is in the document only"


def test_limits_are_those_of_the_code() -> None:
    assert f"| a transaction | {MAX_TRANSACTION:,} bytes |" in PROTOCOL
