"""HTTP to a node: one deadline a request, bounded answers, typed failures."""

import math
from typing import TypeVar

import aiohttp
import msgspec

from bithedge.stacks.errors import NodeError

_T = TypeVar("_T")
_SHOWN = 120
_TOO_MANY = 429
_SERVER_ERRORS = range(500, 600)


class Answer(msgspec.Struct, frozen=True):
    """What came back, of whatever status below 500 but 429."""

    status: int
    content_type: str
    body: bytes
    question: str

    def refused(self, message: str, *, retryable: bool) -> NodeError:
        """Return the error for this answer."""
        shown = self.body[:_SHOWN].decode("utf-8", "replace")
        text = f"{self.question}: {message} (status {self.status}): {shown!r}"
        return NodeError(text, retryable=retryable, status=self.status)

    def decode(self, decoder: "msgspec.json.Decoder[_T]") -> _T:
        """Return the body of a 200 as the decoder's type.

        Raises:
            NodeError: another status, or a body that is not what it should be (worth asking again).
        """
        if self.status != 200:  # noqa: PLR2004 - the one status that carries an answer
            raise self.refused("refused", retryable=False)
        try:
            return decoder.decode(self.body)
        except msgspec.DecodeError as error:
            raise self.refused(f"not believed, {error}", retryable=True) from error


class NodeHttp:
    """Asks one node, over a session that somebody else opens and closes.

    Args:
        session: the connections.
        base_url: where the node's API is.
        deadline_s: the time one request may take in all.
        max_bytes: the longest answer taken.
    """

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, *, deadline_s: float, max_bytes: int
    ) -> None:
        self._session = session
        self._base = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=deadline_s)
        self._max_bytes = max_bytes

    async def get(self, path: str, query: dict[str, str] | None = None) -> Answer:
        """Return the answer to a GET; `path` is percent-encoded already."""
        return await self._ask("GET", path, query=query)

    async def post(self, path: str, body: bytes, content_type: str) -> Answer:
        """Return the answer to a POST."""
        return await self._ask("POST", path, body=body, content_type=content_type)

    async def post_json(self, path: str, body: object) -> Answer:
        """Return the answer to a POST of JSON."""
        return await self.post(path, msgspec.json.encode(body), "application/json")

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
    ) -> Answer:
        question = f"{method} {path}"
        headers = {"Accept": "application/json"}
        if content_type is not None:
            headers["Content-Type"] = content_type
        try:
            async with self._session.request(
                method,
                self._base + path,
                params=query,
                data=body,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                data = await self._read(response, question)
        except TimeoutError as error:
            raise NodeError(
                f"{question}: no answer within {self._timeout.total} s", retryable=True
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NodeError(f"{question}: {type(error).__name__}: {error}", retryable=True) from error
        answer = Answer(response.status, response.content_type, data, question)
        if answer.status == _TOO_MANY:
            raise _overloaded(answer, response.headers.get("Retry-After"))
        if answer.status in _SERVER_ERRORS:
            raise answer.refused("the node failed", retryable=True)
        return answer

    async def _read(self, response: aiohttp.ClientResponse, question: str) -> bytes:
        data = bytearray()
        async for chunk in response.content.iter_any():
            data += chunk
            if len(data) > self._max_bytes:
                raise NodeError(
                    f"{question}: an answer above {self._max_bytes} bytes",
                    retryable=False,
                    status=response.status,
                )
        return bytes(data)


def _overloaded(answer: Answer, retry_after: str | None) -> NodeError:
    # The header may also be a date: without a clock that says nothing, and our own back-off holds.
    try:
        seconds = float(retry_after or "")
    except ValueError:
        seconds = math.nan
    usable = math.isfinite(seconds) and seconds >= 0
    return NodeError(
        f"{answer.question}: too many requests",
        retryable=True,
        retry_after_s=seconds if usable else None,
        status=answer.status,
    )
