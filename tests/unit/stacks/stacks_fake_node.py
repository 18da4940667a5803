"""A node of the tests' own making, on loopback."""

from collections.abc import Awaitable, Callable

from aiohttp import web


class FakeNode:
    """Answers whatever the test put under a path, and remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        self.asked: list[tuple[str, bytes]] = []

    def says(self, path: str, *bodies: object, status: int = 200, **headers: str) -> None:
        """Give one body after the other, then the last for ever."""
        left = list(bodies)

        async def answer(_request: web.Request) -> web.Response:
            body = left.pop(0) if len(left) > 1 else left[0]
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            if isinstance(body, bytes):
                return web.Response(body=body, status=status, headers=named, content_type="text/plain")
            return web.json_response(body, status=status, headers=named)

        self.answers[path] = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path_qs, await request.read()))
        return await self.answers[request.path](request)
