"""What has to be asked of the node for an answer: balances, free nonces, the contract's limits."""

import msgspec

from actors.system import System
from bithedge.domain.events.transactions import Call as ContractCall
from bithedge.domain.ids import Address, Txid
from bithedge.domain.money import Height, Sats, Ustx
from bithedge.domain.pool.commands import WithdrawalLimits
from bithedge.protocol.prepared import PreparedTransaction, prepare
from bithedge.stacks.clarity import Principal
from bithedge.stacks.clarity_python import as_tuple, as_uint
from bithedge.stacks.hexes import from_hex
from bithedge.storage.queries.transactions import TransactionFilters, transactions_page
from bithedge.views.chain import AccountView, PendingView

_IN_FLIGHT_MAX = 200


class Nonces(msgspec.Struct, frozen=True, kw_only=True):
    """An account's next nonce, and what waits before it."""

    next: int
    stx: Ustx
    ours: dict[int, Txid]
    """What was relayed here and is not mined, by nonce."""
    waiting: tuple[int, ...]
    """What the node's mempool holds, and what was relayed here."""


async def balance_of(system: System, address: Address) -> Sats:
    """Return an address's sBTC by the chain's word; raises `NodeError`."""
    return Sats(await system.node.ft_balance(address, system.deployment.sbtc_asset))


async def nonces_of(system: System, address: Address) -> Nonces:
    """Return an account's lowest unused nonce, mempool and relayed transactions counted.

    Raises:
        NodeError: the node does not answer.
    """
    filters = TransactionFilters(address=address, statuses=("pending",))
    account = await system.node.account(address)
    seen = await system.node.principal_nonces(address)
    relayed = await system.reader.read(transactions_page, filters, limit=_IN_FLIGHT_MAX)
    ours = {one.nonce: one.txid for one in relayed.items if one.nonce >= account.nonce}
    mempool = [*seen.mempool.pending_nonces]
    if seen.mempool.last_nonce is not None:  # the API does not call the last one pending
        mempool.append(seen.mempool.last_nonce)
    waiting = {*ours, *(nonce for nonce in mempool if nonce >= account.nonce)}
    lowest = account.nonce
    while lowest in waiting:
        lowest += 1
    return Nonces(next=lowest, stx=Ustx(account.balance_ustx), ours=ours, waiting=tuple(sorted(waiting)))


async def account_view(system: System, address: Address) -> AccountView:
    """Return what an address holds and waits for.

    Raises:
        NodeError: the node does not answer.
    """
    nonces = await nonces_of(system, address)
    txids = dict(nonces.ours)
    if any(nonce not in txids for nonce in nonces.waiting):
        for one in await system.node.mempool_transactions():
            if one.sender.address == address:
                txids.setdefault(one.sender.nonce, Txid(one.tx_id))
    return AccountView(
        address=address,
        stx_ustx=nonces.stx,
        sbtc_sats=await balance_of(system, address),
        nonce=nonces.next,
        pending=tuple(PendingView(txid=txids[nonce], nonce=nonce) for nonce in sorted(txids)),
    )


async def withdrawal_limits(system: System, address: Address) -> WithdrawalLimits:
    """Return what the contract lets a provider take out now.

    Raises:
        NodeError: the node does not answer.
        ClarityError: it answers with what no pool of ours would.
    """
    pool = system.deployment.pool
    answer = await system.node.call_read(
        pool, "get-withdrawal-limits", [Principal.parse(address)], sender=system.deployment.deployer
    )
    limits = as_tuple(answer)
    names = WithdrawalLimits.__struct_fields__
    return WithdrawalLimits(**{name: Sats(as_uint(limits[name])) for name in names})


def prepare_for(
    system: System,
    call: ContractCall,
    *,
    sender: Address,
    nonce: int,
    valid_until_height: Height | None = None,
    valid_until_at: str | None = None,
) -> PreparedTransaction:
    """Return a call for its owner's wallet, its fee at least what a node takes: 1 uSTX a byte."""

    def prepared(fee: int) -> PreparedTransaction:
        return prepare(
            system.deployment,
            call,
            sender=sender,
            nonce=nonce,
            fee=Ustx(fee),
            valid_until_height=valid_until_height,
            valid_until_at=valid_until_at,
        )

    floor = system.config.fees.floor_ustx
    first = prepared(floor)
    size = len(from_hex(first.unsigned))
    return first if size <= floor else prepared(size)
