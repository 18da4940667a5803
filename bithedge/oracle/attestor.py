"""An attestor: one public price a height and one reading a question, remembered before it is given."""

from collections.abc import Sequence

from bithedge.domain.ids import Hex, QuoteId, to_bytes
from bithedge.domain.money import Height, UsdE8
from bithedge.protocol.calls import SignedPrice
from bithedge.protocol.signing import PriceSigner
from bithedge.storage.ports import Attested, Journal


class Attestor:
    """Signs prices with one key; the journal keeps it from ever giving two answers to one question."""

    def __init__(self, signer: PriceSigner, journal: Journal) -> None:
        self._signer = signer
        self._journal = journal

    @property
    def public_key(self) -> Hex:
        """The attestor's 33 bytes."""
        return self._signer.public_key

    async def public_prices(self, heights: Sequence[Height], price: UsdE8) -> tuple[SignedPrice, ...]:
        """Return the public price of each height: `price`, unless the height was signed before."""
        answers = [
            Attested(
                question=f"height:{height}",
                price=price,
                height=height,
                public_key=self.public_key,
                signature=self._signer.public_price(price, height),
            )
            for height in heights
        ]
        return tuple(_signed(stands) for stands in await self._journal.attest(answers))

    async def reading(
        self, quote_id: QuoteId, reading_id: bytes, price: UsdE8, height: Height
    ) -> SignedPrice:
        """Return the reading for one sale or one command: this price, unless one was made before."""
        answer = Attested(
            question=f"reading:{quote_id}:{reading_id.hex()}",
            price=price,
            height=height,
            public_key=self.public_key,
            signature=self._signer.reading(to_bytes(quote_id), reading_id, price, height),
        )
        (stands,) = await self._journal.attest([answer])
        return _signed(stands)


def _signed(answer: Attested) -> SignedPrice:
    return SignedPrice(price=answer.price, height=answer.height, signatures=(answer.signature,))
