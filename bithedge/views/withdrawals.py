"""A withdrawal with the health check that it passed."""

from typing import Literal

from bithedge.domain.ids import Address, Txid, WithdrawalId
from bithedge.domain.money import Height, Sats
from bithedge.domain.pool.health import Health
from bithedge.domain.tiers import Tier
from bithedge.views.base import View

WithdrawalStatus = Literal["pending_signature", "pending_confirmation", "withdrawn", "lapsed"]


class WithdrawalView(View, frozen=True, kw_only=True):
    """Leave to take money out; `health` is None once there is nothing left to check."""

    withdrawal_id: WithdrawalId
    address: Address
    status: WithdrawalStatus
    amount_sats: Sats
    tier: Tier
    valid_until_height: Height | None
    txid: Txid | None
    health: Health | None
