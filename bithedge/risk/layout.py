"""How the sections of the page are put together."""

from collections.abc import Callable
from html import escape

from bithedge.risk.report import Report, ScopeReport
from bithedge.risk.words import SCOPE_NAMES


def named(report: Report) -> list[tuple[str, ScopeReport]]:
    """Return the scopes with their names."""
    return [(SCOPE_NAMES[scope.scope], scope) for scope in report.scopes]


def each(report: Report, drawn: Callable[[ScopeReport], str]) -> str:
    """Return a figure of each scope, side by side."""
    figures = "".join(figure(name, drawn(scope)) for name, scope in named(report))
    return f'<div class="grid">{figures}</div>'


def figure(name: str, drawn: str) -> str:
    """Return a chart under its name."""
    return f"<figure><figcaption>{escape(name)}</figcaption>{drawn}</figure>"


def folded(name: str, inside: str, *, opened: bool) -> str:
    """Return what opens where its name is pressed."""
    return f"<details{' open' if opened else ''}><summary>{escape(name)}</summary>{inside}</details>"


def over(figure: float | None, limit: float = 1.0) -> str:
    """Return the class of a figure above its limit."""
    return "clay" if figure is not None and figure > limit else ""
