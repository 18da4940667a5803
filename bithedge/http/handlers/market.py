"""The public configuration and the price feed."""

from bithedge.domain.money import Height
from bithedge.http.answers import CandlesAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.common import height_or_none, time_of
from bithedge.http.problems import not_found
from bithedge.http.requests import AttestationQuery, CandlesQuery
from bithedge.storage.queries.events import last_seq
from bithedge.storage.queries.kept import candles, public_price
from bithedge.views.oracle import attestation_view, candle_view, oracle_view
from bithedge.views.settings import Identity, config_view

CANDLES_MAX = 1_000


async def get_config(call: Call[Nothing, Nothing]) -> Reply:
    """Return the public configuration."""
    system = call.system
    identity = Identity(
        version=system.version,
        stream_url=system.stream_url,
        deployment=system.deployment,
        parameters=system.parameters,
        quote_public_key=system.quote_public_key,
        attestors=system.attestors,
    )
    return json_reply(config_view(system.config, system.pricing, identity))


async def get_oracle(call: Call[Nothing, Nothing]) -> Reply:
    """Return the price feed as it stands."""
    seq = await call.system.reader.read(last_seq)
    return json_reply(oracle_view(call.context), seq=seq)


async def get_history(call: Call[CandlesQuery, Nothing]) -> Reply:
    """Return candles, oldest first."""
    query = call.query
    from_ms, to_ms = time_of(query.from_, "from"), time_of(query.to, "to")
    seq, found = await call.system.reader.read_at(
        candles,
        query.interval,
        from_ms=from_ms or 0,
        to_ms=call.now_ms if to_ms is None else to_ms,
        limit=CANDLES_MAX,
    )
    items = tuple(candle_view(candle) for candle in found)
    return json_reply(CandlesAnswer(items=items, next_cursor=None), seq=seq)


async def get_attestation(call: Call[AttestationQuery, Nothing]) -> Reply:
    """Return the signed public price of a height, by default of the newest."""
    height: Height | None = height_or_none(call.query.height)
    seq, found = await call.system.reader.read_at(public_price, height)
    if found is None:
        which = "any height" if height is None else f"height {height}"
        raise not_found(f"no public price of {which} is signed")
    view = attestation_view([found], threshold=call.system.parameters.attestor_threshold)
    return json_reply(view, seq=seq)
