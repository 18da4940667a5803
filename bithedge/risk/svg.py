"""The parts of a chart as SVG text: a plot with two scales, and what is drawn on them.

Colours and fonts come from the page's classes, so one chart serves light and dark.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final, NamedTuple

_TOP: Final = 22
_BOTTOM: Final = 26
_RIGHT: Final = 12
_TICKS: Final = 4

Point = tuple[float, float]
Told = Callable[[float], str]


class Range(NamedTuple):
    """What a scale spans."""

    low: float
    high: float


class Plot:
    """A chart under construction; x and y are in the data's units.

    Args:
        x: what the horizontal scale spans.
        y: what the vertical one does.
        width: of the whole drawing, in its own pixels.
        height: likewise.
        title: read out instead of the drawing.
    """

    def __init__(self, x: Range, y: Range, *, title: str, width: int = 320, height: int = 190) -> None:
        self._x = x
        self._y = y
        self.width = width
        self.height = height
        self._title = title
        self._left = 46
        self._parts: list[str] = []

    def at_x(self, value: float) -> float:
        """Return a horizontal place in pixels."""
        span = self._x.high - self._x.low or 1.0
        return round(self._left + (value - self._x.low) / span * (self.width - self._left - _RIGHT), 1)

    def at_y(self, value: float) -> float:
        """Return a vertical place in pixels."""
        span = self._y.high - self._y.low or 1.0
        return round(self.height - _BOTTOM - (value - self._y.low) / span * (self.height - _TOP - _BOTTOM), 1)

    def grid(self, told: Told, *, ticks: int = _TICKS) -> None:
        """Draw horizontal lines at round values, and the values."""
        for value in rounded_ticks(self._y, ticks):
            y = self.at_y(value)
            name = "axis" if value == 0 else "grid"
            self._line(name, (self._left, y), (self.width - _RIGHT, y))
            self._text("tick end", (self._left - 8, y + 4), told(value))

    def x_ticks(self, ticks: Iterable[tuple[float, str]]) -> None:
        """Write names under the plot; those at its right edge end there."""
        for value, name in ticks:
            place = self.at_x(value)
            side = "end" if place > self.width - _RIGHT - 16 else "middle"
            self._text(f"tick {side}", (place, self.height - 8), name)

    def line(self, points: Sequence[Point], name: str) -> None:
        """Draw a line through points."""
        places = " ".join(f"{self.at_x(x)},{self.at_y(y)}" for x, y in points)
        self._parts.append(f'<polyline class="{name}" points="{places}"/>')

    def area(self, points: Sequence[Point], name: str) -> None:
        """Fill what lies between points and 0."""
        if not points:
            return
        base = self.at_y(max(self._y.low, min(0.0, self._y.high)))
        places = " ".join(f"{self.at_x(x)},{self.at_y(y)}" for x, y in points)
        first, last = self.at_x(points[0][0]), self.at_x(points[-1][0])
        self._parts.append(f'<polygon class="{name}" points="{first},{base} {places} {last},{base}"/>')

    def bar(self, x: Range, y: Range, name: str, said: str = "") -> None:
        """Fill a box; `said` is shown where the pointer rests on it."""
        left, right = self.at_x(x.low), self.at_x(x.high)
        top, bottom = self.at_y(max(y)), self.at_y(min(y))
        shown = f"<title>{escape(said)}</title>" if said else ""
        self._parts.append(
            f'<rect class="{name}" x="{left}" y="{top}" width="{max(0.5, right - left):.1f}"'
            f' height="{max(0.0, bottom - top):.1f}">{shown}</rect>'
        )

    def upright(self, x: float, name: str, label: str, *, row: int = 0, end: bool = False) -> None:
        """Draw a line from top to bottom with its name, on one of a few rows above the plot's top."""
        place = self.at_x(x)
        self._line(name, (place, _TOP - 6), (place, self.height - _BOTTOM))
        shift, side = (-4, "end") if end else (4, "")
        self._text(f"mark {side}", (place + shift, _TOP + 4 + 14 * row), label)

    def level(self, y: float, name: str, label: str) -> None:
        """Draw a line from left to right with its name above its right end."""
        place = self.at_y(y)
        self._line(name, (self._left, place), (self.width - _RIGHT, place))
        self._text("mark end", (self.width - _RIGHT, place - 5), label)

    def dot(self, at: Point, name: str, said: str) -> None:
        """Draw a point that says what it is."""
        self._parts.append(
            f'<circle class="{name}" cx="{self.at_x(at[0])}" cy="{self.at_y(at[1])}" r="3.2">'
            f"<title>{escape(said)}</title></circle>"
        )

    def head(self, text: str) -> None:
        """Write a heading over the plot."""
        self._text("chart-head", (0, 12), text)

    def svg(self) -> str:
        """Return the drawing."""
        return (
            f'<svg class="chart" viewBox="0 0 {self.width} {self.height}" role="img"'
            f' aria-label="{escape(self._title)}">{"".join(self._parts)}</svg>'
        )

    def _line(self, name: str, start: Point, end: Point) -> None:
        self._parts.append(
            f'<line class="{name}" x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}"/>'
        )

    def _text(self, name: str, at: Point, text: str) -> None:
        self._parts.append(f'<text class="{name}" x="{at[0]:.1f}" y="{at[1]:.1f}">{escape(text)}</text>')


def spanning(values: Iterable[float], *, zero: bool = True, room: float = 0.06) -> Range:
    """Return a range that holds all values, and 0 unless `zero` is false, with a little room."""
    found = [value for value in values if math.isfinite(value)]
    low, high = min(found, default=0.0), max(found, default=1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = low + 1.0
    edge = (high - low) * room
    return Range(low if zero and low == 0 else low - edge, high if zero and high == 0 else high + edge)


def rounded_ticks(span: Range, ticks: int) -> list[float]:
    """Return round values within a range, about so many."""
    raw = (span.high - span.low) / max(1, ticks)
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= raw)
    first = math.ceil(span.low / step)
    return [round(n * step, 12) for n in range(first, math.floor(span.high / step) + 1)]
