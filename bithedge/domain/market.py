"""What is known now of the chain's tip and of the price: the facts that decisions and views are made on."""

import msgspec

from bithedge.domain.errors import OracleStaleError
from bithedge.domain.money import Bps, Height, UsdE8
from bithedge.domain.volatility import Variances


class Tip(msgspec.Struct, frozen=True, kw_only=True):
    """The last block that was applied."""

    block_height: int
    burn_height: Height
    hash: str
    at_ms: int
    mean_burn_block_ms: int
    """Over the last 144 burn blocks; an estimate, for dates that are shown."""


class SourceReading(msgspec.Struct, frozen=True, kw_only=True):
    """What one venue said last."""

    name: str
    price_usd_e8: UsdE8
    observed_at_ms: int
    weight_bps: Bps
    used: bool


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """The price feed as it stands."""

    spot: UsdE8 | None
    observed_at_ms: int | None
    stale: bool
    suspended: bool
    reason: str | None
    change_24h_bps: int | None
    high_24h: UsdE8 | None
    low_24h: UsdE8 | None
    sources: tuple[SourceReading, ...]
    variances: Variances

    def spot_for_sale(self, now_ms: int, *, longest_age_ms: int) -> UsdE8:
        """Return spot if it may be sold or settled on.

        Raises:
            OracleStaleError: there is none, it is too old, or the feed is suspended.
        """
        if self.spot is None or self.observed_at_ms is None or self.stale or self.suspended:
            raise OracleStaleError(self.reason or "there is no full reading of the price", retry_after_s=5)
        age_ms = now_ms - self.observed_at_ms
        if age_ms > longest_age_ms:
            raise OracleStaleError(
                "the last full reading is too old", limit=longest_age_ms, actual=age_ms, retry_after_s=5
            )
        return self.spot
