"""What is asked of a request before anyone looks at what it wants: sizes, host, origin, media type."""

import asyncio
import re
from collections.abc import Collection
from typing import Final

from aiohttp import web

from bithedge.http.problems import HttpError

MAX_URI: Final = 4_096
MAX_HEADERS: Final = 16_384
BODY_WITHIN_S: Final = 10.0
_HEADER_FRAME: Final = len(": \r\n")
_CHUNK: Final = 16_384
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_KEY: Final = re.compile(r"[A-Za-z0-9._:-]{16,128}")

EXPOSED: Final = "BitHedge-Seq, ETag, Location, Link, Retry-After, X-Request-Id, Idempotent-Replayed"
TAKEN: Final = "Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id"


def sound_request_id(request: web.BaseRequest) -> str | None:
    """Return the request id that was sent, if it can be kept."""
    sent = request.headers.get("X-Request-Id", "")
    return sent if _REQUEST_ID.fullmatch(sent) is not None else None


def idempotency_key(request: web.BaseRequest, *, required: bool) -> str | None:
    """Return the key that was sent.

    Raises:
        HttpError: it is missing where it must not be, or no key.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        if required:
            raise HttpError(
                "idempotency_key_missing", "send a random Idempotency-Key of 16 to 128 characters"
            )
        return None
    if _KEY.fullmatch(key) is None:
        raise HttpError("validation_failed", "an Idempotency-Key is 16 to 128 of A-Za-z0-9._:-")
    return key


def check_sizes(request: web.BaseRequest) -> None:
    """Refuse an address or headers that are too long.

    Raises:
        HttpError: `uri_too_long` or `headers_too_large`.
    """
    if len(request.raw_path) > MAX_URI:
        raise HttpError("uri_too_long", f"an address has at most {MAX_URI} bytes")
    size = sum(len(name) + len(value) + _HEADER_FRAME for name, value in request.raw_headers)
    if size > MAX_HEADERS:
        raise HttpError("headers_too_large", f"headers have at most {MAX_HEADERS} bytes in all")


def check_host(request: web.BaseRequest, allowed: Collection[str]) -> None:
    """Refuse a host that is not ours, so that no foreign name can be pointed at us.

    Raises:
        HttpError: `unknown_host`.
    """
    host = request.headers.get("Host", "")
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    if name.lower() not in allowed:
        raise HttpError("unknown_host", f"the host {name[:80]!r} is not served here: see http.allowed_hosts")


def check_origin(request: web.BaseRequest, allowed: Collection[str]) -> str | None:
    """Return the page's origin if there is one; programs send none.

    Raises:
        HttpError: `forbidden_origin`.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    host = request.headers.get("Host", "")
    if origin not in allowed and origin not in (f"http://{host}", f"https://{host}"):
        raise HttpError("forbidden_origin", f"pages of {origin[:80]!r} may not ask: see http.allowed_origins")
    return origin


async def read_body(request: web.BaseRequest, *, at_most: int) -> bytes:
    """Return the body of a POST.

    Raises:
        HttpError: `unsupported_media_type`, `body_too_large`, or `malformed_json` if it came too slowly.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpError("unsupported_media_type", "a body comes as it is, not encoded")
    if (request.content_length or 0) > at_most:
        raise _too_large(at_most)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            while chunk := await request.content.read(_CHUNK):
                body += chunk
                if len(body) > at_most:
                    raise _too_large(at_most)
    except TimeoutError:
        raise HttpError(
            "malformed_json",
            f"the body did not arrive within {BODY_WITHIN_S:g} s",
            headers={"Connection": "close"},
        ) from None
    if body and request.content_type != "application/json":
        raise HttpError("unsupported_media_type", "send Content-Type: application/json")
    return bytes(body)


def _too_large(at_most: int) -> HttpError:
    return HttpError("body_too_large", f"a body has at most {at_most} bytes")
