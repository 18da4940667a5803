import io

import pytest
from rich.console import Console

from bithedge.cli.demo.story import Story, btc, short, usd
from bithedge.cli.demo.wire import Premium, Quote


@pytest.mark.parametrize(
    ("sats", "text"),
    [
        (0, "0 sats (0.00000000 BTC)"),
        (1, "1 sats (0.00000001 BTC)"),
        (250_000_000, "250,000,000 sats (2.50000000 BTC)"),
        (-1_970_205, "-1,970,205 sats (-0.01970205 BTC)"),
    ],
)
def test_an_amount_is_told_in_sats_and_in_bitcoin(sats: int, text: str) -> None:
    assert btc(sats) == text


@pytest.mark.parametrize(
    ("usd_e8", "text"),
    [(6_500_000_000_000, "$65,000"), (6_500_050_000_000, "$65,000.50"), (6_500_099_999_999, "$65,000.99")],
)
def test_a_price_is_told_in_dollars_rounded_down(usd_e8: int, text: str) -> None:
    assert usd(usd_e8) == text


def test_a_transactions_id_is_told_by_its_beginning() -> None:
    assert short("0x" + "ab" * 32) == "0xababababab…"
    assert short(None) == "-"


def test_a_quote_is_told_line_by_line() -> None:
    out = io.StringIO()
    premium = Premium(
        fair_value_sats=1_000, margin_sats=200, utilisation_sats=30, fee_sats=4, total_sats=1_234
    )

    Story(Console(file=out)).quote(Quote("q_", "balanced", 1, 1, 1, None, None, 1, 1, premium))

    told = out.getvalue()
    assert [line.split()[-2] for line in told.splitlines()] == ["1,000", "200", "30", "4", "1,234"]
