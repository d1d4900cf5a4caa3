"""Charts of the reports: drawn on the server as SVG within the page, coloured by the style sheet.

The library's own style and script are left out, as the content security policy forbids both within
a page; its classes stay, and ``charts.css`` gives them the colours of either theme.  A chart is a
picture for who sees it; who does not reads the table beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pygal  # type: ignore[import-untyped]  # the library ships no types
from markupsafe import Markup

# It leaves a finder of maps that nobody has, of a kind that Python 3.11 warns of at every import.
sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)]

WIDTH, HEIGHT = 720, 300
MOST_LABELS = 16
"""More would lie on each other: then only every so many is written."""
LETTER_WIDTH, HAN_WIDTH = 7, 12
"""About, of the labels, in units of the picture."""
SLANT_DEGREES = 25
_HAN_FROM = "\u2e80"
_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Chart:
    """What is drawn: a value of each series for each label; None leaves a gap."""

    name: str
    """Unique on its page."""
    title: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]
    written: Callable[[float], str]
    """A value as people read it."""
    is_line: bool = False
    most: float | None = None
    """Where the axis ends; None: where the values do."""

    @property
    def svg(self) -> Markup:
        """The picture, named by the element ``chart-<name>``."""
        return draw(self)


def draw(chart: Chart) -> Markup:
    """The chart as an SVG element."""
    kind = pygal.Line if chart.is_line else pygal.Bar
    every = -(-len(chart.labels) // MOST_LABELS)
    picture = kind(
        width=WIDTH,
        height=HEIGHT,
        js=[],
        disable_xml_declaration=True,
        explicit_size=False,
        show_legend=len(chart.series) > 1,
        legend_at_bottom=True,
        truncate_label=-1,
        truncate_legend=-1,
        max_scale=6,
        min_scale=3,
        include_x_axis=True,
        range=None if chart.most is None else (0, chart.most),
        value_formatter=chart.written,
        show_dots=False,
        x_labels_major_every=every,
        show_minor_x_labels=every == 1,
        x_label_rotation=SLANT_DEGREES if _crowded(chart.labels[::every]) else 0,
    )
    picture.x_labels = list(chart.labels)
    for name, values in chart.series:
        picture.add(name, list(values))
    picture.add_xml_filter(lambda root: _bare(root, chart.name))
    return Markup(picture.render(is_unicode=True))  # noqa: S704  # made here; the library escapes texts


def _crowded(labels: Sequence[str]) -> bool:
    """Whether labels would touch each other in one line."""
    widest = max((sum(map(_width, label)) for label in labels), default=0)
    return (widest + LETTER_WIDTH) * len(labels) > WIDTH


def _width(letter: str) -> int:
    return HAN_WIDTH if letter >= _HAN_FROM else LETTER_WIDTH


def _bare(root: Any, name: str) -> Any:
    """Without style, script and tooltips that need one; what a bar says is its title."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or _is_idle(child):
                parent.remove(child)
            elif child.tag in (f"{_SVG}desc", "desc"):
                _say(parent, child)
        parent.attrib.pop("style", None)
    for child in list(root):
        if child.tag in (f"{_SVG}title", "title"):
            root.remove(child)
    root.attrib.pop("id", None)
    root.attrib.update({"role": "img", "aria-labelledby": f"chart-{name}"})
    return root


def _is_idle(element: Any) -> bool:
    """Whether it does nothing without a script or style of its own within the picture."""
    return element.tag in (f"{_SVG}defs", "defs") or "tooltip-overlay" in element.get("class", "")


def _say(parent: Any, description: Any) -> None:
    """The value becomes a title, which browsers show; where it lies is nobody's business."""
    if description.get("class") == "value":
        description.tag = description.tag.replace("desc", "title")
        description.attrib.clear()
    else:
        parent.remove(description)


def thinned(values: Sequence[float], steps: int) -> tuple[float, ...]:
    """The running share of *values* (falling) at 0, 1/steps, … 1 of them, in percent."""
    total = sum(values)
    running, sums = 0.0, [0.0]
    for value in values:
        running += value
        sums.append(running)
    return tuple(
        100 * sums[round(step * len(values) / steps)] / total if total else 0.0
        for step in range(steps + 1)
    )
