import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

import bithedge
from bithedge.oracle.history import daily_history
from bithedge.risk.backtest import backtest
from bithedge.risk.demand import Demand
from bithedge.risk.laboratory import run_path
from bithedge.risk.page import STYLE, page
from bithedge.risk.report import report
from bithedge.risk.session import shipped_pricing
from tests.unit.risk.risk_scene import a_flat_path, a_setup, spring, spring_report

TOKENS = Path(bithedge.__file__).parent / "dashboard" / "src" / "tokens.css"
ANCHORS = (
    *("totals", "distribution", "worst", "drawdown", "ratios", "yields"),
    *("efficiency", "stress", "concentration", "pricing", "liquidity", "provider"),
)


class Balance(HTMLParser):
    """Notes the first tag that closes what was not open, and what stays open."""

    VOID = frozenset({"meta", "line", "rect", "circle"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its API
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def test_the_page_has_every_report_and_every_tag_is_closed() -> None:
    shown = page(spring_report())
    balance = Balance()
    balance.feed(shown)

    assert balance.faults == balance.open == []
    for anchor in ANCHORS:
        assert f'id="{anchor}"' in shown
        assert f'href="#{anchor}"' in shown


def test_the_page_asks_nobody_for_anything() -> None:
    shown = page(spring_report())

    assert "<script" not in shown
    assert "<link" not in shown
    addresses = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"')>]{0,40})", shown)
    assert all(address.startswith(("#", "data:font/woff2;base64,")) for address in addresses)
    assert "http:" not in shown
    assert "https:" not in shown


def test_no_figure_on_the_page_is_no_number() -> None:
    shown = page(spring_report())

    assert not re.search(r"\b(nan|inf|None)\b", shown)


def test_a_path_named_like_markup_is_shown_as_it_is_named() -> None:
    origin = msgspec.structs.replace(spring_report().origin, path="<b>x</b>.csv")

    shown = page(msgspec.structs.replace(spring_report(), origin=origin))

    assert "<b>x</b>.csv" not in shown
    assert "&lt;b&gt;x&lt;/b&gt;.csv" in shown


def test_the_backtest_stands_beside_a_run_over_history() -> None:
    rows = backtest(daily_history()[:900], shipped_pricing())
    shown = page(report([spring()], a_setup(), backtest=rows))

    assert 'id="backtest"' in shown
    assert shown.count(" cells<") == 6


@pytest.mark.parametrize("days", [1, 35])
def test_a_short_or_idle_run_has_a_page_too(days: int) -> None:
    setup = a_setup(demand=Demand(requests_a_day=1, appetite=1e-9))

    shown = page(report([run_path(a_flat_path(days), setup, seed=1)], setup))

    assert "Too few windows of 30 days" in shown


def test_the_pages_colours_are_the_dashboards() -> None:
    def tokens(file: Path) -> dict[str, str]:
        return dict(re.findall(r"(--[a-z0-9-]+):\s*([^;]+);", file.read_text(encoding="utf-8")))

    ours, theirs = tokens(STYLE), tokens(TOKENS)

    assert ours.items() <= theirs.items()
    assert len(ours) > 20


def test_every_colour_the_style_uses_is_one_it_has() -> None:
    style = STYLE.read_text(encoding="utf-8")

    assert set(re.findall(r"var\((--[a-z0-9-]+)\)", style)) <= set(re.findall(r"(--[a-z0-9-]+):", style))
