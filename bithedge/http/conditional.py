"""Strong entity tags, and answers that need not be sent again."""

import hashlib

from bithedge.http.calls import Reply

_DIGITS = 32


def etag_of(reply: Reply) -> str:
    """Return the tag of a whole answer: another byte is another tag."""
    return f'"{hashlib.sha256(reply.body).hexdigest()[:_DIGITS]}"'


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Return whether the client already has what the tag names (RFC 9110, weak comparison)."""
    if if_none_match is None:
        return False
    listed = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in listed or etag in listed
