"""The report: self-contained, harmless whatever the names, complete, and readable."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest

from tests.surveys import example
from zkperf.ledger.disclosure import Reason
from zkperf.surveys import figures, survey406
from zkperf.surveys.questionnaire_file import parse_questionnaire
from zkperf.surveys.report import Report, render, write_report
from zkperf.surveys.results import UnitResult

REPORT = Report(example.result(), example.QUESTIONNAIRE, example.audit(), ledger="my ledger")
VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """The page as a browser sees it: elements, attributes and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(REPORT))


def test_every_element_is_closed(page: Page) -> None:
    assert page.open == []


def test_nothing_is_fetched_and_nothing_runs(page: Page) -> None:
    html = render(REPORT)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "image", "use", "form", "a"}
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in {"src", "href", "xlink:href"} for name in attributes)
    assert "url(" not in html and "@import" not in html and "://" not in html
    policies = [
        attributes["content"]
        for _, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_names_are_text_whatever_they_contain(page: Page) -> None:
    assert example.EVIL in page.text
    assert any(example.EVIL in (attributes.get("aria-label") or "") for _, attributes in page.tags)


def test_identifiers_are_unique_and_labels_have_their_buttons(page: Page) -> None:
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    assert {attributes["for"] for tag, attributes in page.tags if tag == "label"} <= set(identifiers)


def test_every_plot_has_words_and_a_table_stands_beside(page: Page) -> None:
    plots = [attributes for tag, attributes in page.tags if tag == "svg"]
    # Four of all units together; three questions with columns by three units; one of the units' means.
    assert len(plots) == 4 + 3 * 3 + 1
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in plots)
    assert "Tax hall: Certainly 75.0%, no 25.0%" in [attributes["aria-label"] for attributes in plots]


def test_the_figures_of_all_and_of_every_published_unit(page: Page) -> None:
    assert "Certainly 会 1,018 75.0%" in page.text
    assert "Tax hall 1,240 930 75.0% 310 25.0%" in page.text
    assert "市民服务中心 60 45 75.0% 15 25.0%" in page.text
    assert "Tax hall 1,240 3.00 3,720" in page.text
    assert "Tax hall 1,240 7.00 8,680" in page.text


def test_withheld_units_and_questions_with_their_reasons(page: Page) -> None:
    few, shield = "fewer than 10 ratings; publishing them could identify people.", "by subtraction."
    assert re.search(rf"Annex 3 Withheld: 不予公布： {re.escape(few)}", page.text)
    assert re.search(rf"Library 14 Withheld: 不予公布： otherwise .* {shield}", page.text)
    assert re.search(
        rf"{re.escape(example.EVIL)} Withheld: 不予公布： fewer than 10 people answered it", page.text
    )


def test_the_reason_names_the_rounds_own_minimum() -> None:
    assert "fewer than 25 ratings" in render(replace(REPORT, min_cohort=25))


def test_a_histogram_that_too_few_or_none_answered() -> None:
    """In one unit as a line of the table without figures or a plot; of all together as one sentence."""
    result = example.result()
    result["units"]["Tax hall"]["questions"]["liked"] = {"status": "withheld", "reason": Reason.SMALL}
    result["units"]["市民服务中心"]["questions"]["liked"] = {
        "status": "withheld",
        "reason": "nobody answered",
    }
    result["total"]["questions"]["overall"] = {"status": "withheld", "reason": Reason.SMALL}
    page = Page(render(replace(REPORT, result=result)))
    few = "fewer than 10 people answered it; publishing their answers could identify them."
    assert f"Tax hall Withheld: 不予公布： {few}" in page.text
    assert "市民服务中心 Withheld: 不予公布： nobody answered it. 没有人回答。" in page.text
    plots = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    liked = [plot for plot in plots if "staff" in str(plot)]
    assert len(liked) == 2  # all together, and one of three units
    assert not any("3 100.0%" in str(plot) for plot in plots)


def test_everything_withheld() -> None:
    result = example.result()
    result["units"] = {"Annex": example.withheld(3, Reason.PARENT)}
    result["total"] = example.withheld(3, Reason.SMALL)
    text = Page(render(replace(REPORT, result=result))).text
    assert text.count("fewer than 10 people answered it") == len(example.QUESTIONNAIRE.questions)
    assert "the total that it belongs to is withheld." in text


def test_a_reason_that_the_page_does_not_know_is_shown_as_it_is() -> None:
    result = example.result()
    result["units"]["Annex"] = {"status": "withheld", "reason": "<b>court order", "counted": 3}
    assert "&lt;b&gt;court order" in render(replace(REPORT, result=result))


def test_a_unit_without_ratings() -> None:
    result = example.result()
    result["units"]["Empty"] = example.withheld(0, Reason.EMPTY)
    assert "nobody rated it." in render(replace(REPORT, result=result))


def test_how_to_verify(page: Page) -> None:
    assert f"zkperf audit 'my ledger' --genesis {example.GENESIS}" in page.text
    assert "zkperf export 'my ledger' -o round.zkperf" in page.text


def test_the_audits_verdict(page: Page) -> None:
    assert "Every check passed" in page.text and "was not verified" not in page.text
    assert "Tax hall 1,251 1,240 87 people" in page.text
    text = Page(render(replace(REPORT, audit=example.audit(ok=False)))).text
    assert "do not rely on these figures" in text and "Every check passed" not in text
    assert "The origin of the ledger was not verified" in text
    assert "leaf 叶 512: unit 4: <b>not</b> the sum" in text
    assert "missing 48" in text and "missing 49" not in text and "and 11 more" in text
    assert "Not run" in Page(render(replace(REPORT, audit=None))).text


def test_whoever_runs_every_member_is_said_to_see_every_answer() -> None:
    admission = "whoever ran it could see every answer"
    assert admission in render(REPORT)
    assert admission not in render(replace(REPORT, operated_alone=False))


def test_the_paper_beside_the_replay() -> None:
    unit: UnitResult = {
        "status": "published",
        "counted": 406,
        "questions": {
            question: {"status": "published", "answered": 406, "counts": counts}
            for question, counts in survey406.COUNTS.items()
        },
    }
    result = example.result()
    result["units"], result["total"] = {survey406.SERVICE: unit}, unit
    report = Report(result, survey406.questionnaire(), comparison=survey406.COMPARISON, note=survey406.NOTE)
    text = Page(render(report)).text
    for figure in survey406.FIGURES:
        assert f" {figure.people} {figure.share} {figure.share} " in text
    assert "drawn at random" in text and "Paper 论文" in text
    assert "Unit by unit" not in text, "a single unit is the total once more"


def test_plots_are_drawn_of_the_largest_units_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MAX_SMALL_PLOTS", 1)
    labels = [
        attributes.get("aria-label") or "" for tag, attributes in Page(render(REPORT)).tags if tag == "svg"
    ]
    assert sum(label.startswith("Tax hall") for label in labels) == 4
    assert not any(label.startswith("市民服务中心") for label in labels)


def test_a_long_scale() -> None:
    fine = parse_questionnaire(
        'id = "q"\n[[question]]\nid = "s"\nkind = "score"\nmin = 0\nmax = 100', name="Q"
    )
    counts = {str(level): int(level == 40) * 12 for level in range(101)}
    unit: UnitResult = {
        "status": "published",
        "counted": 12,
        "questions": {
            "s": {"status": "published", "answered": 12, "counts": counts, "total": 480, "mean": "40.000000"}
        },
    }
    result = example.result()
    result["units"], result["total"] = {"a": unit, "b": unit}, unit
    page = Page(render(replace(REPORT, result=result, questionnaire=fine)))
    labels = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    assert labels == ["40 100.0%", "a: 40 100.0%", "b: 40 100.0%"]


def test_the_same_file_every_time(tmp_path: Path) -> None:
    for name in ("first.html", "second.html"):
        write_report(tmp_path / name, REPORT)
    first, second = (tmp_path / "first.html").read_bytes(), (tmp_path / "second.html").read_bytes()
    assert first == second
    assert first.decode("utf-8") == render(REPORT)


def test_colours_can_be_told_apart() -> None:
    css = (resources.files("zkperf.surveys") / "templates" / "report.css").read_text("utf-8")
    schemes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]+)", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.S)
    ]
    assert len(schemes) == 3, "light, dark, print"
    for colours in schemes:
        for background in ("paper", "card"):
            for text in ("ink", "quiet", "good", "bad", "warn"):
                assert contrast(colours[text], colours[background]) >= 4.5
            for shape in ("bar", "mark"):
                assert contrast(colours[shape], colours[background]) >= 3
        assert contrast(colours["bar"], colours["track"]) >= 3


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
        parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
