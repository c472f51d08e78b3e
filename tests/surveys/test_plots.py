"""Plots: bare SVG that takes its fonts and colours from the page."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from zkperf.surveys.plots import Bar, Column, bar_chart, column_chart, dot_chart

BARS = [
    Bar("Extremely <likely> & so", "非常$满意$", "48.0%", 0.48, 0.5),
    Bar("A long label that does not fit on one line beside its figure", "不满意", "0.0%", 0.0),
]
COLUMNS = [Column("A", "75%", 0.75), Column("", "", 0.0), Column("C", "25%", 0.25)]

DRAWINGS = {
    "bars": bar_chart(BARS, 'bars "and" <b>'),
    "dots": dot_chart(BARS, "0", "10", 'bars "and" <b>'),
    "columns": column_chart(COLUMNS, 'bars "and" <b>'),
    "small": column_chart(COLUMNS, 'bars "and" <b>', 0.75, small=True),
}


@pytest.mark.parametrize("svg", DRAWINGS.values(), ids=DRAWINGS)
def test_nothing_but_the_drawing(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert root.tag == "svg"
    assert (root.get("role"), root.get("aria-label")) == ("img", 'bars "and" <b>')
    for element in root.iter():
        assert element.tag in {"svg", "g", "path", "text"}
        assert element.get("id") is None
        assert "#" not in element.get("style", "") and "font-family" not in element.get("style", "")
    for word in ("matplotlib", "http", "url(", "clip-path", "metadata"):
        assert word not in svg


def test_both_languages_stand_in_the_same_place_and_stay_text() -> None:
    root = ElementTree.fromstring(DRAWINGS["bars"])
    texts = {group.get("class"): group.find("text") for group in root.iter("g") if group.get("class")}
    for language, words in (("en", "beside its figure"), ("zh", "不满意")):
        text = texts[language]
        assert text is not None and text.text is not None and text.text.endswith(words)
    assert "非常$满意$" in DRAWINGS["bars"]
    assert texts["en"].get("y") == texts["zh"].get("y")  # type: ignore[union-attr]


def test_lengths_are_the_fractions() -> None:
    def right_ends(svg: str, colour: str) -> list[float]:
        paths = [path for path in ElementTree.fromstring(svg).iter("path") if colour in path.get("style", "")]
        return [
            max(map(float, path.get("d", "").replace("M", "").replace("z", "").split("L")[1].split()[:1]))
            for path in paths
        ]

    assert right_ends(DRAWINGS["bars"], "var(--bar)") == [pytest.approx(0.48 * 420)]
    assert right_ends(DRAWINGS["bars"], "var(--mark)") == [pytest.approx(0.5 * 420 + 1.5)]
    assert right_ends(DRAWINGS["bars"], "var(--track)") == [420, 420]


def test_columns_up_to_the_whole_have_tracks_and_others_none() -> None:
    assert DRAWINGS["columns"].count("var(--track)") == 3
    assert DRAWINGS["small"].count("var(--track)") == 0
    assert "25%" in DRAWINGS["columns"]


def test_nothing_to_draw() -> None:
    assert "var(--bar)" not in column_chart([Column("A", "", 0.0)], "", 0.0)


def test_long_labels_are_broken_between_words() -> None:
    lines = [text.text for text in ElementTree.fromstring(DRAWINGS["bars"]).iter("text")]
    first = lines.index("A long label that does not fit on one line")
    assert lines[first + 1] == "beside its figure"


def test_the_same_drawing_every_time() -> None:
    assert bar_chart(BARS, 'bars "and" <b>') == DRAWINGS["bars"]
