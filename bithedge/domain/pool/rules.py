"""The figures that hold for the whole pool, with the product's defaults."""

import msgspec

from bithedge.domain.money import WHOLE, Bps, Sats


class PoolRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the books go by beside the tiers' own parameters."""

    max_backers: int = 64
    """The most providers behind one policy."""
    probe_factor: int = 4
    """So many times `max_backers` accounts are looked at in the order of utilisation."""
    min_share_sats: Sats = Sats(1_000)
    """An account that may back less than this is passed over."""
    provider_cap_bps: Bps = WHOLE
    """The part of a provider's balance that may stand behind policies at once."""
    expiry_cap_bps: Bps = Bps(5_000)
    """The part of a provider's balance that may stand behind policies of one expiry week."""
    expiry_cap_providers: int = 5
    """So many providers a tier has before `expiry_cap_bps` holds."""
    week_blocks: int = 1_008
    day_blocks: int = 144
    pool_utilisation_cap_bps: Bps = Bps(8_500)
    crash_move_bps: Bps = Bps(3_000)
    """The sudden move of spot, either way, whose payouts the crash limit bounds."""
    max_reservations: int = 3
    """Live reservations of one owner."""
    reservation_share_bps: Bps = Bps(2_500)
    """The part of a tier's free + reserved that reservations may hold in all."""
    reservation_pause_s: int = 600
    """The first pause after a lapsed reservation; each further one doubles it."""
    reservation_pause_max_s: int = 86_400
    reservation_quiet_s: int = 7 * 86_400
    """So long after its last lapse an owner starts afresh."""
    exit_blocks: int = 144
    """From entering exit mode: until then no way back, and until then the utilisation checks hold."""
    min_deposit_sats: Sats = Sats(10_000)
    final_blocks: int = 6
    voucher_blocks: int = 6
    burn_block_s: int = 600
    """The mean time between burn blocks, for every `Retry-After` that counts in heights."""

    def __post_init__(self) -> None:
        shares = (
            self.provider_cap_bps,
            self.expiry_cap_bps,
            self.pool_utilisation_cap_bps,
            self.crash_move_bps,
            self.reservation_share_bps,
        )
        if any(not 0 < share <= WHOLE for share in shares):
            raise ValueError("pool: caps, shares and the crash move are 1 to 10000 bps")
        counts = (self.max_backers, self.probe_factor, self.week_blocks, self.day_blocks, self.burn_block_s)
        if min(counts) < 1:
            raise ValueError("pool: backers, probe factor, week, day and block time are at least 1")
        if min(self.max_reservations, self.exit_blocks, self.final_blocks, self.voucher_blocks) < 0:
            raise ValueError("pool: numbers of reservations and blocks are not negative")

    def week_of(self, expiry: int) -> int:
        """Return the expiry week, counted from height 0, that `expiry` falls into."""
        return expiry // self.week_blocks

    def wait_s(self, blocks: int) -> int:
        """Return how long `blocks` burn blocks take on average: seconds, at least one block's."""
        return max(1, blocks) * self.burn_block_s
