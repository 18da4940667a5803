"""Times on the wire: RFC 3339 in UTC, with `Z` and milliseconds."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, overload

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LAST_MS: Final = 253_402_300_799_999  # the end of the year 9999, the last that has four digits


@overload
def rfc3339(ms: int) -> str: ...


@overload
def rfc3339(ms: None) -> None: ...


def rfc3339(ms: int | None) -> str | None:
    """Return Unix milliseconds as a time; None stays None, and what lies past the year 9999 is its end."""
    if ms is None:
        return None
    moment = _EPOCH + timedelta(milliseconds=min(ms, _LAST_MS))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03d}Z"


def read_time(text: str) -> int:
    """Return the Unix milliseconds of a time, rounded down.

    Raises:
        ValueError: it is not RFC 3339 with an offset, or no such moment.
    """
    try:
        moment = datetime.fromisoformat(_plain(text))
    except ValueError:
        raise ValueError("expected a time such as 2026-01-31T08:00:00.000Z") from None
    return (moment - _EPOCH) // _MILLISECOND


def _plain(text: str) -> str:
    """Return a time with six digits of a second's fraction, which is what the standard library reads."""
    match = _RFC3339.fullmatch(text.upper())
    if match is None:
        raise ValueError(text)
    whole, fraction, offset = match.groups(default="")
    return f"{whole}.{fraction[:6].ljust(6, '0')}{offset}"
