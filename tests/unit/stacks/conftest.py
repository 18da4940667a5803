from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from stacks_fake_node import FakeNode

from bithedge.stacks.node import NodeClient


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
async def client(node: FakeNode) -> AsyncIterator[NodeClient]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", node.handle)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        yield NodeClient(session, str(server.make_url("/")), deadline_s=0.5, max_bytes=10_000)
