"""The whole pool, with what pauses it and whether its books agree with the chain."""

from collections.abc import Sequence

from bithedge.domain.events.pool import Pausable
from bithedge.domain.money import Bps, Height, Sats
from bithedge.domain.pool import views as figures
from bithedge.views.base import View


class PauseView(View, frozen=True, kw_only=True):
    """What does not go on for now, and why."""

    what: Pausable
    code: str
    message: str
    since_at: str | None


class PoolView(View, frozen=True, kw_only=True):
    """The pool's figures; `reconciled` says that the books met the chain's totals at `reconciled_height`."""

    vault_sats: Sats
    available_sats: Sats
    locked_sats: Sats
    buffer_sats: Sats
    reserved_sats: Sats
    premiums_sats: Sats
    payouts_sats: Sats
    protected_sats: Sats
    utilisation_bps: Bps
    active_policies: int
    policies_sold: int
    policies_settled: int
    policies_expired: int
    providers: int
    pauses: tuple[PauseView, ...]
    reconciled: bool
    reconciled_height: Height | None
    closed: bool
    liabilities: figures.LiabilitiesRoot | None


def pool_view(
    pool: figures.PoolView,
    *,
    pauses: Sequence[PauseView],
    reconciled: bool,
    reconciled_height: Height | None,
) -> PoolView:
    """Return the pool as the interface shows it."""
    return PoolView(
        vault_sats=pool.vault_sats,
        available_sats=pool.available_sats,
        locked_sats=pool.locked_sats,
        buffer_sats=pool.buffer_sats,
        reserved_sats=pool.reserved_sats,
        premiums_sats=pool.premiums_sats,
        payouts_sats=pool.payouts_sats,
        protected_sats=pool.protected_sats,
        utilisation_bps=pool.utilisation_bps,
        active_policies=pool.active_policies,
        policies_sold=pool.policies_sold,
        policies_settled=pool.policies_settled,
        policies_expired=pool.policies_expired,
        providers=pool.providers,
        pauses=tuple(pauses),
        reconciled=reconciled,
        reconciled_height=reconciled_height,
        closed=pool.closed,
        liabilities=pool.liabilities,
    )
