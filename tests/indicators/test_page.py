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
from zkperf.indicators.tables import MARKS

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
    assert page.text.count("✓ proved") == page.text.count("? not asked") == 2
    cells = [attributes.get("title") for tag, attributes in page.tags if tag == "td"]
    assert {verdict: cells.count(verdict) for verdict in MARKS} == {
        "proved": 7, "not proved": 5, "not asked": 10, "not reported": 14, "nothing posted": 6,
    }  # fmt: skip


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
    assert shown.count("share not asked") == shown.count("达标比例未询问") == 1
    # Everybody could be asked, and nobody was, or nobody answered.
    published["periods"]["2023"]["total"]["pools"]["turnover"] |= {
        "share_at_target": None,
        "share_of": 0,
        "share_from": "claims",
    }
    assert Page(render(replace(PAGE, result=published))).text.count("share not asked") == 2


def test_a_share_of_those_who_were_asked(page: Page) -> None:
    assert page.text.count("90.0% of 10 asked") == page.text.count("被询问的10个中90.0%") == 1
    assert "of 24 asked" not in page.text and "of 12 asked" not in page.text


def test_a_grade_of_which_only_some_bounds_were_asked(page: Page) -> None:
    assert "B or better" in page.text and "B或更好" in page.text
    published, names = result(), [("A", "B"), ("B", "C"), ("B", "B"), ("C", "D"), ("D", "E")]
    text = ["B or better", "B to C", "B", "C to D", "D or worse"]
    scheme = parse_scheme(
        SCHEME.replace('["C", "0"]', '["C", "0.3"], ["D", "0.2"], ["E", "0"]'), name="S.toml"
    )
    providers = published["periods"]["2024"]["providers"]
    for provider, grades, grade in zip(providers.values(), names, text, strict=True):
        provider |= {"grades": list(grades), "grade": grade}
    shown = Page(render(replace(PAGE, scheme=scheme, result=published)))
    for words in ("B or better", "B to C", "C to D", "D or worse", "B或更好", "B至C", "C至D", "D或更差"):
        assert words in shown.text
    labels = [attributes.get("aria-label") or "" for tag, attributes in shown.tags if tag == "svg"]
    assert "A: 0, B: 1, C: 0, D: 0, E: 0, A–B: 1, B–C: 1, C–D: 1, D–E: 1" in labels


def test_what_not_asked_and_nothing_posted_mean(page: Page) -> None:
    assert "before anybody answers, so “not asked” says nothing about the figure" in page.text
    assert "“未询问”不透露任何数据" in page.text
    assert "“Nothing posted” means that the provider sent no claims" in page.text


def test_a_provider_that_contradicted_itself(page: Page) -> None:
    assert "Cherry Yard †" in page.text and page.text.count("† This provider proved what cannot be") == 1
    honest = result()
    honest["periods"]["2024"]["providers"]["Cherry Yard"]["dropped"] = 0
    assert "†" not in Page(render(replace(PAGE, result=honest))).text
    audit = example.audit()
    audit["contradicted"] = [{"period": "2024", "provider": "Ash & Co"}]
    shown = Page(render(replace(PAGE, audit=audit))).text
    assert "Contradicted itself: Ash & Co, 2024." in shown and "自相矛盾：Ash & Co（2024）" in shown
    assert "Contradicted itself" not in page.text


def test_what_is_compared_with_what(page: Page) -> None:
    assert page.text.count("Compared with 2023") == page.text.count("与2023相比") == 1


def test_plots_and_grades(page: Page) -> None:
    labels = [attributes.get("aria-label") or "" for tag, attributes in page.tags if tag == "svg"]
    assert "quality: 2023 18.25, 2024 19.50" in labels
    assert labels.count("A: 1, B: 0, C: 0") == labels.count("A: 1, B: 0, C: 0, A–B: 1, not asked: 1") == 1
    assert labels.count("turnover: All 24.125, South 20.000") == 2


def test_an_exact_index_and_no_index() -> None:
    exact = "floor = 1" + SCHEME[: SCHEME.index("grades = ")].replace('"grade"', '"exact"')
    published = result()
    for period in published["periods"].values():
        for provider in period["providers"].values():
            del provider["grades"]
            grade = provider.pop("grade")
            provider["index"] = grade if grade in (None, "not asked") else "0.60"
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
