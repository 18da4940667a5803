"""The devnet's own paths: each answers once the daemon has followed."""

from typing import Final

from actors.messages.chain import CatchUp
from actors.messages.oracle import SetPrice
from actors.system import System
from bithedge.devnet.control import DevnetControl
from bithedge.devnet.errors import DevnetError, DevnetRefusedError
from bithedge.domain.errors import AmountOutOfRangeError, NodeUnreachableError
from bithedge.domain.market import Tip
from bithedge.domain.money import UsdE8
from bithedge.http.answers import DevnetAccountsAnswer, DevnetAccountView, ForkAnswer, HeightsAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.problems import invalid, not_found
from bithedge.http.requests import ForkBody, MineBody, PriceBody
from bithedge.stacks.hexes import from_hex
from bithedge.views.context import context_of
from bithedge.views.oracle import oracle_view

MOST_BURN_BLOCKS: Final = 2_000
FOLLOW_S: Final = 120.0
"""How long the daemon may take to follow so many burn blocks."""


async def get_accounts(call: Call[Nothing, Nothing]) -> Reply:
    """Return the funded accounts, the deployer first."""
    try:
        accounts = await _control(call.system).accounts()
    except DevnetError as error:
        raise _unreachable(error) from error
    items = tuple(
        DevnetAccountView(
            name=account.name,
            address=account.address,
            private_key=account.private_key,
            stx_ustx=account.stx_ustx,
            sbtc_sats=account.sbtc_sats,
        )
        for account in accounts
    )
    return json_reply(DevnetAccountsAnswer(items=items))


async def post_price(call: Call[Nothing, PriceBody]) -> Reply:
    """Set the price until it is set again, as a full reading at once; null silences the feed."""
    system = call.system
    price = None if call.body.usd_e8 is None else UsdE8(call.body.usd_e8)
    await system.oracle.ask(SetPrice(price=price), deadline=FOLLOW_S)
    context = context_of(
        system.board, depth=system.config.depth, pricing=system.pricing, now_ms=system.clock.now_ms()
    )
    return await call.kept(json_reply(oracle_view(context)))


async def post_mine(call: Call[Nothing, MineBody]) -> Reply:
    """Mine burn blocks, the mempool first, in one Stacks block."""
    blocks = call.body.blocks
    if blocks > MOST_BURN_BLOCKS:
        raise AmountOutOfRangeError(
            f"at most {MOST_BURN_BLOCKS} burn blocks are mined at once",
            field="blocks",
            limit=MOST_BURN_BLOCKS,
            actual=blocks,
        )
    try:
        await _control(call.system).mine_burn_blocks(blocks)
    except DevnetError as error:
        raise _unreachable(error) from error
    tip = await _follow(call.system)
    return await call.kept(
        json_reply(HeightsAnswer(burn_height=tip.burn_height, block_height=tip.block_height))
    )


async def post_fork(call: Call[Nothing, ForkBody]) -> Reply:
    """Undo the last Stacks blocks and grow a branch one longer."""
    body = call.body
    include = [from_hex(one) for one in body.include]
    try:
        forked = await _control(call.system).fork(body.depth, requeue=body.requeue, include=include)
    except DevnetRefusedError as error:
        raise _refused(error, body.depth) from error
    except DevnetError as error:
        raise _unreachable(error) from error
    tip = await _follow(call.system)
    answer = ForkAnswer(
        burn_height=tip.burn_height,
        block_height=tip.block_height,
        fork_height=forked.fork_height,
        orphaned=forked.orphaned,
    )
    return await call.kept(json_reply(answer))


async def _follow(system: System) -> Tip:
    return await system.chain.ask(CatchUp(), deadline=FOLLOW_S)


def _control(system: System) -> DevnetControl:
    if system.devnet is None:
        raise not_found("this path exists on a devnet only")
    return system.devnet


def _refused(error: DevnetRefusedError, depth: int) -> Exception:
    if error.largest_depth is None:
        return invalid("include", str(error))
    return AmountOutOfRangeError(
        f"at most {error.largest_depth} blocks can be undone",
        field="depth",
        limit=error.largest_depth,
        actual=depth,
    )


def _unreachable(error: DevnetError) -> NodeUnreachableError:
    return NodeUnreachableError(f"the devnet did not answer: {error}", retry_after_s=1)
