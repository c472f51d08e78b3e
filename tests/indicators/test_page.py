"""The readable report of figures: self-contained, harmless whatever the names, and complete."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.indicators.example import SCHEME, result
from tests.surveys import example
from tests.surveys.test_report import Page
from zkperf.indicators.page import FiguresPage, render, write_page
from zkperf.indicators.scheme_file import parse_scheme

PAGE = FiguresPage(
    result(),
    parse_scheme(SCHEME, name="S.toml"),
    "ab" * 32,
    {"Ash <b>House</b>": "North & East"},
    example.audit(),
    ledger="my ledger",
    rounded=1234,
)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(PAGE))


def test_every_element_is_closed_and_nothing_is_fetched(page: Page) -> None:
    assert page.open == []
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "img", "iframe"}
        assert not {"href", "src", "onclick"} & attributes.keys(), tag
    assert "default-src 'none'" in render(PAGE)


def test_names_are_shown_and_not_obeyed(page: Page) -> None:
    assert "Ash <b>House</b>" in page.text
    assert "North & East" in page.text


def test_every_figure_of_the_result_is_there(page: Page) -> None:
    for shown in ("18.25", "19.50", "24.125", "45.8%", "66.7%", "100.0%", "2023", "2024", "1,234 figures"):
        assert shown in page.text
    assert page.text.count("✓ proved") == 2
    cells = [attributes.get("title") for tag, attributes in page.tags if tag == "td"]
    assert (cells.count("proved"), cells.count("not proved"), cells.count("not reported")) == (6, 4, 14)


def test_reasons_in_plain_words(page: Page) -> None:
    assert re.search(r"fewer than 10 providers \S+ \(2\)", page.text)
    assert re.search(r"nobody reported it \S+ \(0\)", page.text)


def test_a_share_that_is_not_asked(page: Page) -> None:
    assert "share not asked" not in page.text
    published = result()
    published["periods"]["2023"]["total"]["pools"]["quality"] |= {
        "share_at_target": None,
        "share_from": "not asked",
    }
    shown = Page(render(replace(PAGE, result=published))).text
    assert shown.count("share not asked") == shown.count("达标比例不询问") == 1


def test_what_is_compared_with_what(page: Page) -> None:
    assert page.text.count("Compared with 2023") == page.text.count("与2023相比") == 1


def test_plots_and_grades(page: Page) -> None:
    labels = [attributes.get("aria-label") or "" for tag, attributes in page.tags if tag == "svg"]
    assert "quality: 2023 18.25, 2024 19.50" in labels
    assert labels.count("A: 1, B: 0, C: 0") == 2
    assert labels.count("turnover: All 24.125, South 20.000") == 2


def test_an_exact_index_and_no_index() -> None:
    exact = SCHEME[: SCHEME.index("grades = ")].replace('"grade"', '"exact"')
    published = result()
    for period in published["periods"].values():
        for provider in period["providers"].values():
            provider["index"] = "0.60" if provider.pop("grade") else None
    shown = Page(render(replace(PAGE, scheme=parse_scheme(exact, name="S.toml"), result=published)))
    assert "Index" in shown.text and "0.60" in shown.text
    without = SCHEME[: SCHEME.index("[index]")].replace(
        'kind = "index"\nat_least = "0.5"', 'kind = "target"\nindicator = "turnover"'
    )
    assert "Grade" not in Page(render(replace(PAGE, scheme=parse_scheme(without, name="S.toml")))).text


def test_what_was_drawn_and_not_shown_is_named() -> None:
    audit = example.audit()
    audit["refused"] = [{"period": "2024", "provider": "Ash & Co", "indicator": "turnover"}]
    shown = Page(render(replace(PAGE, audit=audit))).text
    assert "shown to no auditor in time: Ash & Co, turnover of 2024." in shown
    assert "no auditor in time" not in Page(render(PAGE)).text


def test_written_to_a_file(tmp_path: Path) -> None:
    write_page(tmp_path / "report.html", PAGE)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text == render(PAGE)
    assert re.search(r"zkperf audit &#39;my ledger&#39; --genesis (ab){32}", text)
