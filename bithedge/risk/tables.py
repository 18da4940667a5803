"""HTML tables: a head, rows of cells, figures on the right."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from bithedge.risk.figures import Money
from bithedge.risk.words import dollars, percent, sbtc, whole_sats


class Cell(NamedTuple):
    """A figure with smaller ones under it, a line each, and a class of its own."""

    text: str
    under: str = ""
    name: str = ""


def table(head: Sequence[str], rows: Iterable[Sequence[str | Cell]], *, caption: str = "") -> str:
    """Return a table whose first column names the row."""
    told = f'<caption class="visually-hidden">{escape(caption)}</caption>' if caption else ""
    top = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    body = "".join(f"<tr>{_row(row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table>{told}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def money_cell(amount: Money, *, digits: int = 4) -> Cell:
    """Return an amount in sBTC over its part of capital and its dollars."""
    return Cell(sbtc(amount.sats, digits), f"{percent(amount.share)} \u00b7 {dollars(amount.usd)}")


def three(sats: int, share: float, usd: float, *, digits: int = 2) -> Cell:
    """Return a part of capital over its sBTC and its dollars."""
    return Cell(percent(share, digits), f"{sbtc(sats)} \u00b7 {dollars(usd)}")


def _heading(text: str, columns: int) -> str:
    """Return a row that names the rows under it."""
    return f'<tr><th class="group" scope="colgroup" colspan="{columns}">{escape(text)}</th></tr>'


def grouped(
    head: Sequence[str], groups: Iterable[tuple[str, Iterable[Sequence[str | Cell]]]], *, caption: str
) -> str:
    """Return a dense table whose rows stand under headings."""
    top = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    body = "".join(
        (_heading(name, len(head)) if name else "") + "".join(f"<tr>{_row(row)}</tr>" for row in rows)
        for name, rows in groups
    )
    told = f'<caption class="visually-hidden">{escape(caption)}</caption>'
    return (
        f'<div class="scroll"><table class="dense">{told}'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def exact(sats: int) -> str:
    """Return sats to the sat."""
    return f"{whole_sats(sats)} sats"


def _row(row: Sequence[str | Cell]) -> str:
    first, *rest = row
    name = first.text if isinstance(first, Cell) else first
    under = _notes(first.under) if isinstance(first, Cell) else ""
    return f'<th scope="row">{escape(name)}{under}</th>' + "".join(_cell(cell) for cell in rest)


def _cell(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return f"<td>{escape(cell)}</td>"
    name = f' class="{cell.name}"' if cell.name else ""
    return f"<td{name}>{escape(cell.text)}{_notes(cell.under)}</td>"


def _notes(under: str) -> str:
    return "".join(f'<span class="note">{escape(line)}</span>' for line in under.splitlines())
