"""Figures as the report writes them."""

from datetime import date

from bithedge.risk.record import Scope

SCOPE_NAMES: dict[Scope, str] = {
    "conservative": "Conservative",
    "balanced": "Balanced",
    "aggressive": "Aggressive",
    "pool": "Pool",
}
_MINUS = "\u2212"
_THIN = "\u2009"


def signed(text: str) -> str:
    """Return a number's text with a true minus sign."""
    return text.replace("-", _MINUS)


def sbtc(sats: float, digits: int = 4) -> str:
    """Return sats as sBTC."""
    return signed(f"{sats / 1e8:,.{digits}f}")


def whole_sats(sats: int) -> str:
    """Return sats in groups of three."""
    return signed(f"{sats:,}".replace(",", _THIN))


def percent(share: float, digits: int = 1) -> str:
    """Return a part of 1 in per cent."""
    figure = f"{share * 100:,.{digits}f}"
    zero = float(figure.replace(",", "")) == 0
    return signed(f"{figure.lstrip('-') if zero else figure}{_THIN}%")


def bps(value: float, digits: int = 0) -> str:
    """Return bps in per cent."""
    return percent(value / 10_000, digits)


def dollars(usd: float) -> str:
    """Return whole dollars."""
    return signed(f"-${-usd:,.0f}" if usd < -0.5 else f"${abs(usd):,.0f}")  # noqa: PLR2004  # of a dollar


def short_dollars(usd: float) -> str:
    """Return dollars for an axis."""
    if abs(usd) >= 1_000:  # noqa: PLR2004  # where an axis starts to say k
        return signed(f"{usd / 1_000:,.0f}k")
    return signed(f"{usd:,.0f}")


def ratio(value: float | None) -> str:
    """Return a ratio with two digits, or a dash."""
    return "\u2013" if value is None else signed(f"{value:.2f}")


def day(text: str) -> str:
    """Return `YYYY-MM-DD` for people."""
    found = date.fromisoformat(text)
    return f"{found.day} {found:%b %Y}"


def days(count: float) -> str:
    """Return a number of days."""
    return f"{count:,.0f} day" if round(count) == 1 else f"{count:,.0f} days"


def cause(code: str) -> str:
    """Return a refusal's cause in words."""
    return code.replace("_", " ")
