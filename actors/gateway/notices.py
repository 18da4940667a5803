"""What is worth a word between two events: a policy comes into the money, leaves it, or nears its end."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from actors.board import Board
from bithedge.domain.ids import QuoteId
from bithedge.domain.money import UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Policy, Status

EXPIRING_SOON: Final = (144, 1_008)
"""Burn blocks before the expiry at which a word is due, the last one first."""
HYSTERESIS: Final = 1_000
"""A policy has left the money once the price is a thousandth of the strike out of it."""
_UNTOLD: Final = 2**62


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be told on a channel."""

    channel: str
    name: str
    policy: Policy
    facts: Mapping[str, int]


class _Watched(msgspec.Struct):
    policy: Policy
    in_the_money: bool | None
    """As last told; None before the first price."""
    told_blocks: int
    """The least of `EXPIRING_SOON` that has passed."""


class Notices:
    """The active policies of channels that somebody reads; each crossing is told once.

    What was so when a policy came under watch is told nobody: its snapshot shows it.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._channels: dict[str, dict[QuoteId, _Watched]] = {}

    def __contains__(self, channel: str) -> bool:
        return channel in self._channels

    def watch(self, channel: str, policies: Iterable[Policy]) -> None:
        """Watch the policies of a channel, until `forget`."""
        self._channels.setdefault(channel, {})
        for policy in policies:
            self.hear(channel, policy)

    def hear(self, channel: str, policy: Policy | None) -> None:
        """Note what an event made of a policy."""
        watched = self._channels.get(channel)
        if watched is None or policy is None:
            return
        if policy.status is not Status.ACTIVE:
            watched.pop(policy.quote_id, None)
        elif policy.quote_id in watched:
            watched[policy.quote_id].policy = policy
        else:
            watched[policy.quote_id] = self._watched(policy)

    def forget(self, channel: str) -> None:
        """Watch a channel no more."""
        self._channels.pop(channel, None)

    def rename(self, channel: str, to: str) -> None:
        """Watch under a channel's new name."""
        found = self._channels.pop(channel, None)
        if found is not None:
            self._channels.setdefault(to, {})

    def of_price(self) -> list[Notice]:
        """Return the crossings that a new price makes."""
        spot = self._spot()
        if spot is None:
            return []
        found: list[Notice] = []
        for channel, watched in self._channels.items():
            for one in watched.values():
                before, one.in_the_money = one.in_the_money, _in_the_money(one, spot)
                if before is None or before is one.in_the_money:
                    continue
                name = "PolicyInTheMoney" if one.in_the_money else "PolicyOutOfTheMoney"
                facts = {"spot_usd_e8": spot}
                found.append(Notice(channel=channel, name=name, policy=one.policy, facts=facts))
        return found

    def of_height(self) -> list[Notice]:
        """Return the ends that a new height brings near; after a leap, the nearest alone."""
        tip = self._board.tip
        if tip is None:
            return []
        found: list[Notice] = []
        for channel, watched in self._channels.items():
            for one in watched.values():
                left = one.policy.terms.expiry - tip.burn_height
                passed = _passed(left)
                if left < 0 or passed >= one.told_blocks:
                    continue
                one.told_blocks = passed
                facts = {"blocks_left": left}
                found.append(
                    Notice(channel=channel, name="PolicyExpiringSoon", policy=one.policy, facts=facts)
                )
        return found

    def _watched(self, policy: Policy) -> _Watched:
        spot, tip = self._spot(), self._board.tip
        left = _UNTOLD if tip is None else policy.terms.expiry - tip.burn_height
        pays = None if spot is None else policy.terms.payout_at(spot) > 0
        return _Watched(policy=policy, in_the_money=pays, told_blocks=_passed(left))

    def _spot(self) -> UsdE8 | None:
        market = self._board.market
        return None if market is None or market.stale or market.suspended else market.spot


def _in_the_money(watched: _Watched, spot: UsdE8) -> bool:
    terms = watched.policy.terms
    if terms.payout_at(spot) > 0:
        return True
    beyond = spot - terms.strike if terms.kind is Kind.PUT else terms.strike - spot
    return watched.in_the_money is True and beyond * HYSTERESIS < terms.strike


def _passed(left: int) -> int:
    return next((blocks for blocks in EXPIRING_SOON if left <= blocks), _UNTOLD)
