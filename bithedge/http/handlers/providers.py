"""Providers as they see themselves."""

from actors.messages.pool import GetPortfolio, SetExit
from bithedge.domain.ids import Address
from bithedge.http.answers import ExitAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply, list_reply
from bithedge.http.handlers.common import ASK_S, span_of
from bithedge.http.owners import check_address, signed_command
from bithedge.http.requests import ExitBody, LedgerQuery, Listing
from bithedge.stacks import messages
from bithedge.storage.ports import Answer, Committed
from bithedge.storage.queries.events import last_seq
from bithedge.storage.queries.providers import (
    BackedPolicy,
    BackingFilters,
    LedgerFilters,
    backing_page,
    ledger_page,
)
from bithedge.views.providers import BackingView, backing_view, ledger_line_view, provider_view


async def get_provider(call: Call[Nothing, Nothing]) -> Reply:
    """Return a provider's money in each tier."""
    address = _address(call.path["address"], call)
    seq = await call.system.reader.read(last_seq)
    portfolio = await call.system.pool.ask(GetPortfolio(address=address), deadline=ASK_S)
    return json_reply(provider_view(portfolio), seq=seq)


async def get_ledger(call: Call[LedgerQuery, Nothing]) -> Reply:
    """Return each change of a provider's money with its cause, newest first."""
    query, address = call.query, _address(call.path["address"], call)
    await call.system.pool.ask(GetPortfolio(address=address), deadline=ASK_S)
    from_ms, to_ms = span_of(query)
    filters = LedgerFilters(address=address, tier=query.tier, from_ms=from_ms, to_ms=to_ms)
    seq, page = await call.system.reader.read_at(ledger_page, filters, limit=query.limit, cursor=query.cursor)
    return list_reply(page, ledger_line_view, seq=seq)


async def get_backing(call: Call[Listing, Nothing]) -> Reply:
    """Return what a provider's money stands behind, the newest sale first."""
    query, address = call.query, _address(call.path["address"], call)
    await call.system.pool.ask(GetPortfolio(address=address), deadline=ASK_S)
    seq, page = await call.system.reader.read_at(
        backing_page, BackingFilters(address=address), limit=query.limit, cursor=query.cursor
    )

    def show(backed: BackedPolicy) -> BackingView:
        return backing_view(backed, call.context)

    return list_reply(page, show, seq=seq)


async def post_exit(call: Call[Nothing, ExitBody]) -> Reply:
    """Let a provider's money back nothing new in a tier, or back again."""
    system, body = call.system, call.body
    address = check_address(call.path["address"], system.deployment.network, field="address", single=True)
    await system.pool.ask(GetPortfolio(address=address), deadline=ASK_S)
    signed = await signed_command(
        system,
        body.authorisation,
        messages.SetExit(body.tier.value, body.enabled),
        now_ms=call.now_ms,
        address=address,
    )

    def shown(is_on: bool) -> Reply:  # noqa: FBT001 - the actor's answer, alone
        return json_reply(ExitAnswer(tier=body.tier, enabled=is_on))

    def keep(is_on: bool, _committed: tuple[Committed, ...]) -> Answer | None:  # noqa: FBT001 - likewise
        return call.keep(shown(is_on))

    is_on = await system.pool.ask(
        SetExit(
            address=address,
            tier=body.tier,
            enabled=body.enabled,
            command_id=signed.command_id,
            keep=keep,
        ),
        deadline=ASK_S,
    )
    return shown(is_on)


def _address(
    text: str, call: "Call[LedgerQuery, Nothing] | Call[Listing, Nothing] | Call[Nothing, Nothing]"
) -> Address:
    return check_address(text, call.system.deployment.network, field="address")
