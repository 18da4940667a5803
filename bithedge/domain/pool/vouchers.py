"""Money promised to withdrawals: requested, signed for, and not yet taken or lapsed."""

from collections.abc import Iterator
from itertools import takewhile

import msgspec

from bithedge.domain.events.pool import WithdrawalRequested, WithdrawalVoucherIssued
from bithedge.domain.ids import Address, Hex, WithdrawalId
from bithedge.domain.money import Height, Sats
from bithedge.domain.pool.ordered import Ordered
from bithedge.domain.tiers import Tier


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """One withdrawal on its way; until it is signed it has no signatures."""

    withdrawal_id: WithdrawalId
    address: Address
    tier: Tier
    amount: Sats
    command_id: Hex
    valid_until: Height | None = None
    """The last height it may be used at; None until it is signed."""
    signatures: tuple[Hex, ...] = ()


class Vouchers:
    """The live ones, by id, by account and by the height that ends them."""

    def __init__(self) -> None:
        self._live: dict[WithdrawalId, Voucher] = {}
        self._by_address: dict[Address, dict[WithdrawalId, None]] = {}
        self._by_height = Ordered[WithdrawalId]()
        self.total = Sats(0)
        """What all of them hold."""

    def request(self, event: WithdrawalRequested) -> None:
        """Hold money for a withdrawal that is yet to be signed."""
        self._put(
            Voucher(
                withdrawal_id=event.withdrawal_id,
                address=event.address,
                tier=event.tier,
                amount=event.amount,
                command_id=event.command_id,
            )
        )

    def sign(self, event: WithdrawalVoucherIssued) -> None:
        """Note that leave was given; one that is no longer live stays so."""
        voucher = self.remove(event.withdrawal_id)
        if voucher is not None:
            signed = msgspec.structs.replace(
                voucher, valid_until=event.valid_until, signatures=event.voucher_signatures
            )
            self._put(signed)

    def remove(self, withdrawal_id: WithdrawalId) -> Voucher | None:
        """Let go of a voucher; None if it is not live."""
        voucher = self._live.pop(withdrawal_id, None)
        if voucher is None:
            return None
        own = self._by_address[voucher.address]
        del own[withdrawal_id]
        if not own:
            del self._by_address[voucher.address]
        if voucher.valid_until is not None:
            self._by_height.remove((voucher.valid_until, 0, withdrawal_id))
        self.total = Sats(self.total - voucher.amount)
        return voucher

    def get(self, withdrawal_id: WithdrawalId) -> Voucher | None:
        """Return a live voucher."""
        return self._live.get(withdrawal_id)

    def of(self, address: Address, tier: Tier) -> Voucher | None:
        """Return an account's live voucher."""
        own = (self._live[name] for name in self._by_address.get(address, ()))
        return next((voucher for voucher in own if voucher.tier is tier), None)

    def held_for(self, address: Address) -> Sats:
        """Return what an address's vouchers hold in all tiers."""
        return Sats(sum(self._live[name].amount for name in self._by_address.get(address, ())))

    def holders(self) -> Iterator[Address]:
        """Return the addresses with a live voucher."""
        return iter(self._by_address)

    def until(self, final: Height) -> tuple[Voucher, ...]:
        """Return those whose last height is at most `final`, earliest first."""
        due = takewhile(lambda key: key[0] <= final, self._by_height)
        return tuple(self._live[name] for _, _, name in due)

    def unsigned(self) -> tuple[Voucher, ...]:
        """Return those that were asked for and not signed."""
        return tuple(voucher for voucher in self._live.values() if voucher.valid_until is None)

    def __len__(self) -> int:
        return len(self._live)

    def _put(self, voucher: Voucher) -> None:
        self.remove(voucher.withdrawal_id)
        self._live[voucher.withdrawal_id] = voucher
        self._by_address.setdefault(voucher.address, {})[voucher.withdrawal_id] = None
        if voucher.valid_until is not None:
            self._by_height.add((voucher.valid_until, 0, voucher.withdrawal_id))
        self.total = Sats(self.total + voucher.amount)
