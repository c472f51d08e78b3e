"""The report's plots: small SVG drawings that stand inside the page.

Text stays text (the browser's fonts show Chinese) and colours are the page's CSS variables, so the
plots follow its dark mode. Nothing in them depends on the machine or the time that drew them.
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

_SVG = "http://www.w3.org/2000/svg"

# Colours that matplotlib draws with, and the page's variables that take their place.
_INK, _QUIET, _BAR, _TRACK, _MARK = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {
    _INK: "var(--ink)",
    _QUIET: "var(--quiet)",
    _BAR: "var(--bar)",
    _TRACK: "var(--track)",
    _MARK: "var(--mark)",
}

WIDTH = 420
"""Width of a bar chart in its own units: a phone shows it at about one pixel each."""

_TEXT_SIZE = 15
_LINE = 20
_THICK = 12
_GAP = 18


@dataclass(frozen=True)
class Bar:
    """One row of a chart. ``fraction`` and ``mark`` (a figure to compare with) lie in [0, 1]."""

    english: str
    chinese: str
    value: str
    fraction: float
    mark: float | None = None


@dataclass(frozen=True)
class Column:
    """One column: ``key`` stands under it and ``value`` on it ("" for none)."""

    key: str
    value: str
    fraction: float


def bar_chart(bars: Sequence[Bar], alt: str) -> str:
    """A label, a bar and its value for each row, and a tick at ``mark`` where there is one."""
    drawing = _Drawing(WIDTH)
    for bar in bars:
        y = drawing.label(bar)
        drawing.box(0, y, WIDTH, _THICK, _TRACK)
        drawing.box(0, y, WIDTH * bar.fraction, _THICK, _BAR)
        if bar.mark is not None:
            drawing.box(WIDTH * bar.mark - 1.5, y - 4, 3, _THICK + 8, _MARK)
        drawing.height = y + _THICK + _GAP
    drawing.height -= _GAP - 5
    return drawing.svg(alt)


def dot_chart(bars: Sequence[Bar], low: str, high: str, alt: str) -> str:
    """A label, a scale with a dot and its value for each row; ``low`` and ``high`` name the scale's ends."""
    drawing = _Drawing(WIDTH)
    for bar in bars:
        y = drawing.label(bar) + _THICK / 2
        drawing.box(0, y - 1.5, WIDTH, 3, _TRACK)
        drawing.dot(_THICK / 2 + (WIDTH - _THICK) * bar.fraction, y, _THICK / 2)
        drawing.height = y + _THICK / 2 + _GAP
    drawing.texts.append(_Text(0, drawing.height, low, _QUIET, 13))
    drawing.texts.append(_Text(WIDTH, drawing.height, high, _QUIET, 13, "right"))
    drawing.height += 8
    return drawing.svg(alt)


def column_chart(columns: Sequence[Column], alt: str, top: float = 1.0, *, small: bool = False) -> str:
    """Columns side by side, as high as the sheet at ``top``; ``small`` for one of many units.

    Up to 1 each column stands in a track that shows the whole; a lower ``top`` leaves the tracks out.
    """
    width, height = (200, 84) if small else (WIDTH, 220)
    drawing = _Drawing(width)
    floor = height if small else height + 18
    step = width / len(columns)
    gap = min(6.0, step * 0.25)
    for place, column in enumerate(columns):
        left, middle = place * step + gap / 2, (place + 0.5) * step
        rise = height * column.fraction / top if top else 0.0
        if top == 1:
            drawing.box(left, floor - height, step - gap, height, _TRACK)
        drawing.box(left, floor - rise, step - gap, rise, _BAR)
        if column.value:
            drawing.texts.append(_Text(middle, floor - rise - 5, column.value, _INK, 12, "center"))
        if column.key:
            drawing.texts.append(_Text(middle, floor + 16, column.key, _QUIET, 13, "center"))
    drawing.box(0, floor, width, 1, _QUIET)
    drawing.height = floor + 21
    return drawing.svg(alt)


@dataclass(frozen=True)
class _Text:
    x: float
    y: float
    text: str
    colour: str = _INK
    size: float = _TEXT_SIZE
    align: str = "left"
    language: str = ""


class _Drawing:
    """A sheet of ``width`` units that grows downwards; y counts from the top, as in SVG."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.height = 0.0
        self.shapes: list[Rectangle | Circle] = []
        self.texts: list[_Text] = []

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        if width > 0 and height > 0:
            self.shapes.append(Rectangle((x, y), width, height, facecolor=colour))

    def dot(self, x: float, y: float, radius: float) -> None:
        self.shapes.append(Circle((x, y), radius, facecolor=_BAR))

    def label(self, bar: Bar) -> float:
        """Writes a row's label, each language in the same place, and its value; gives the y below them."""
        room = self.width - 9 * len(bar.value) - 16
        wrapped = {"en": _wrap(bar.english, room), "zh": _wrap(bar.chinese, room)}
        count = max(len(lines) for lines in wrapped.values())
        for language, lines in wrapped.items():
            # The last line stands right above the bar, however many the other language needs.
            for line, text in enumerate(lines, start=count - len(lines)):
                self.texts.append(_Text(0, self.height + line * _LINE + 14, text, language=language))
        below = self.height + count * _LINE
        self.texts.append(_Text(self.width, below - _LINE + 14, bar.value, align="right"))
        return below + 2

    def svg(self, alt: str) -> str:
        """The drawing as an SVG element without identifiers, so that many can stand in one page."""
        with matplotlib.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
            # matplotlib measures with its own font, which has no Chinese; nothing here depends on that.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72)
            figure.patch.set_visible(False)
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set_axis_off()
            axes.set_xlim(0, self.width)
            axes.set_ylim(self.height, 0)
            for shape in self.shapes:
                shape.set(linewidth=0, clip_on=False)
                axes.add_patch(shape)
            for item in self.texts:
                artist = axes.text(
                    item.x,
                    item.y,
                    item.text,
                    color=item.colour,
                    fontsize=item.size,
                    ha=item.align,
                    va="baseline",
                    parse_math=False,
                )
                artist.set_gid(item.language or None)
            buffer = io.StringIO()
            figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        return _cleaned(buffer.getvalue(), alt)


def _cleaned(document: str, alt: str) -> str:
    """The bare drawing: no metadata, no style for the whole page, no identifiers, the page's colours."""
    root = ElementTree.fromstring(document)
    for child in list(root):
        if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}defs"):
            root.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        identifier = element.attrib.pop("id", None)
        if identifier in ("en", "zh"):
            element.set("class", identifier)
        if "style" in element.attrib:
            element.set("style", _styled(element.attrib["style"]))
        if element.attrib.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
        if "d" in element.attrib:
            element.set("d", " ".join(element.attrib["d"].split()))
        element.text = element.text and (element.text.strip() or None)
        element.tail = None
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update({"viewBox": box, "role": "img", "aria-label": alt})
    return ElementTree.tostring(root, encoding="unicode")


def _styled(style: str) -> str:
    """Without the font, which is the page's, and with the page's colours."""
    kept = [part.strip() for part in style.split(";") if not part.strip().startswith("font-family")]
    text = "; ".join(kept)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return text


def _wrap(text: str, room: float) -> list[str]:
    """Lines of about ``room`` units at most; between words, or anywhere in Chinese."""
    lines, line, width = [], "", 0.0
    for word in _pieces(text):
        size = sum(_advance(character) for character in word)
        if line and width + size > room:
            lines.append(line.rstrip())
            line, width, word = "", 0.0, word.lstrip()
        line, width = line + word, width + size
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Words with the space before them; wide characters one by one."""
    pieces: list[str] = []
    for character in text:
        wide = _is_wide(character)
        if not pieces or wide or _is_wide(pieces[-1][-1]) or character == " " or len(pieces[-1]) >= 30:
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces


def _advance(character: str) -> float:
    """About how far a browser's sans serif moves on."""
    return _TEXT_SIZE * (1.0 if _is_wide(character) else 0.56)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
