"""Quotes, and whether a tier would back a cover."""

from actors.messages.pool import CheckAvailability, FindQuote, PriceQuote
from bithedge.domain.ids import QuoteId, quote_id
from bithedge.domain.money import Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.quotes import QuoteRequest
from bithedge.domain.tiers import Tier
from bithedge.http.answers import AvailabilityAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.common import ASK_S, height_or_none
from bithedge.http.owners import check_address
from bithedge.http.problems import invalid, not_found
from bithedge.http.requests import AvailabilityQuery, QuoteBody
from bithedge.stacks.networks import Network
from bithedge.views.quotes import quote_view


async def post_quote(call: Call[Nothing, QuoteBody]) -> Reply:
    """Price cover; nothing is reserved or promised."""
    request = _request(call.body, call.system.deployment.network)
    named = quote_id(call.system.ids.bytes16())
    quote = await call.system.pool.ask(PriceQuote(request=request, quote_id=named), deadline=ASK_S)
    view = quote_view(quote, call.context)
    return await call.kept(json_reply(view, status=201, location=f"/v1/quotes/{named}"))


async def get_quote(call: Call[Nothing, Nothing]) -> Reply:
    """Return a quote that still holds."""
    named = QuoteId(call.path["id"])
    quote = await call.system.pool.ask(FindQuote(quote_id=named), deadline=ASK_S)
    return json_reply(quote_view(quote, call.context))


async def get_availability(call: Call[AvailabilityQuery, Nothing]) -> Reply:
    """Return whether a tier would back a cover now."""
    query = call.query
    found = await call.system.pool.ask(
        CheckAvailability(
            tier=tier_named(call.path["tier"]),
            kind=query.kind,
            strike_usd_e8=query.strike_usd_e8,
            max_payout=Sats(query.max_payout_sats),
            tenor=query.tenor_blocks,
        ),
        deadline=ASK_S,
    )
    answer = AvailabilityAnswer(
        tier=found.tier,
        available=found.available,
        available_sats=found.available_sats,
        largest_payout_sats=found.largest_payout_sats,
        code=found.code,
    )
    return json_reply(answer)


def tier_named(name: str) -> Tier:
    """Return the tier of a path.

    Raises:
        HttpError: there is none of this name.
    """
    try:
        return Tier(name)
    except ValueError:
        raise not_found(f"no tier is called {name[:40]!r}: {', '.join(Tier)} are") from None


def _request(body: QuoteBody, network: Network) -> QuoteRequest:
    _one_of(body.max_payout_sats, body.floor_usd_e8, "max_payout_sats", "floor_usd_e8")
    _one_of(body.tenor_blocks, body.expiry_height, "tenor_blocks", "expiry_height")
    if body.floor_usd_e8 is not None and body.kind is not Kind.PUT:
        raise invalid("floor_usd_e8", "only a put has a floor: give max_payout_sats")
    owner = None
    if body.owner is not None:
        owner = check_address(body.owner, network, field="owner", single=True)
    return QuoteRequest(
        kind=body.kind,
        amount=Sats(body.amount_sats),
        strike=UsdE8(body.strike_usd_e8),
        max_payout=None if body.max_payout_sats is None else Sats(body.max_payout_sats),
        floor=None if body.floor_usd_e8 is None else UsdE8(body.floor_usd_e8),
        tenor=body.tenor_blocks,
        expiry=height_or_none(body.expiry_height),
        tier=body.tier,
        owner=owner,
    )


def _one_of(one: int | None, other: int | None, name: str, other_name: str) -> None:
    if (one is None) == (other is None):
        raise invalid(name, f"give either {name} or {other_name}")
