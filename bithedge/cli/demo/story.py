"""How the demo is told: plain words, figures beside them."""

from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bithedge.cli.demo.wire import Prepared, Quote

WHOLE: Final = 100_000_000
_SHOWN: Final = 10


class Story:
    """Writes to a terminal, or as plain text where there is none."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = Console(highlight=False, soft_wrap=True) if console is None else console

    def chapter(self, title: str) -> None:
        """Begin a life."""
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left")

    def tell(self, text: str) -> None:
        """Say what happens."""
        self._console.print(Text(f"  {text}"))

    def signs(self, name: str, prepared: Prepared) -> None:
        """Say that somebody signs a transaction, and what it costs."""
        _, _, contract = prepared.contract_id.partition(".")
        cost = f"nonce {prepared.nonce}, fee {prepared.fee_ustx:,} uSTX"
        self._note(f"{name} signs {contract}.{prepared.function} ({cost})")

    def mined(self, txid: str) -> None:
        """Say that a transaction is on the chain."""
        self._note(f"on chain as {short(txid)}")

    def quote(self, quote: Quote) -> None:
        """Show the lines of a premium."""
        premium = quote.premium
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        table.add_column()
        table.add_column(justify="right")
        for name, amount in (
            ("fair value", premium.fair_value_sats),
            ("margin", premium.margin_sats),
            ("utilisation", premium.utilisation_sats),
            ("fee", premium.fee_sats),
        ):
            table.add_row(name, f"{amount:,} sats")
        table.add_row("premium", f"{premium.total_sats:,} sats", style="bold")
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def proved(self, text: str) -> None:
        """Say that a figure was computed by us too, and is the same."""
        line = Text("  ✓ ", style="green")
        line.append(text, style="default")
        self._console.print(line)

    def _note(self, text: str) -> None:
        self._console.print(Text(f"    {text}", style="dim"))


def btc(sats: int) -> str:
    """Return an amount in sats and in bitcoin."""
    sign, size = ("-" if sats < 0 else ""), abs(sats)
    return f"{sats:,} sats ({sign}{size // WHOLE}.{size % WHOLE:08d} BTC)"


def usd(usd_e8: int) -> str:
    """Return a price in whole dollars and cents, rounded down."""
    cents = usd_e8 * 100 // WHOLE
    return f"${cents // 100:,}" + (f".{cents % 100:02d}" if cents % 100 else "")


def short(txid: str | None) -> str:
    """Return the beginning of a transaction's id."""
    return "-" if txid is None else f"{txid[: 2 + _SHOWN]}…"
