"""Policies: bought, listed, exercised, switched."""

from actors.messages.policies import Activate, SwitchAutoExercise
from actors.messages.pool import Reserve, Reserved
from bithedge.domain.errors import DomainError, OracleStaleError
from bithedge.domain.ids import OperationId, QuoteId, to_bytes
from bithedge.domain.money import MAX_PRICE, Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.decide import RequestActivation, decide_activation
from bithedge.domain.policy.state import Policy
from bithedge.http.answers import ActivatedAnswer, ReservedAnswer, SwitchedAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply, list_reply
from bithedge.http.handlers.common import (
    ASK_S,
    check_settlements,
    find_policy,
    height_or_none,
    span_of,
    tip_of,
)
from bithedge.http.handlers.messages import activation_of, check_quote, switch_of
from bithedge.http.node_reads import balance_of, nonces_of, prepare_for
from bithedge.http.owners import Signed, check_address, signed_command
from bithedge.http.requests import ActivationBody, AutoExerciseBody, PoliciesQuery, ReserveBody
from bithedge.protocol.calls import buy_policy
from bithedge.stacks.messages import ReservePolicy
from bithedge.storage.ports import Answer, Committed
from bithedge.storage.projections.policies import Head
from bithedge.storage.queries.events import policy_events
from bithedge.storage.queries.paging import Page
from bithedge.storage.queries.policies import PolicyFilters, backers, policies_page
from bithedge.views.base import ListView
from bithedge.views.events import event_view
from bithedge.views.policies import PolicyView, backer_views, policy_view
from bithedge.views.times import rfc3339


async def post_policy(call: Call[Nothing, ReserveBody]) -> Reply:
    """Reserve capacity, sign the terms, and return the purchase for its owner to sign."""
    system, quote_id = call.system, QuoteId(call.body.quote_id)
    owner = await check_quote(system, quote_id)
    signed = await signed_command(
        system,
        call.body.authorisation,
        ReservePolicy(to_bytes(quote_id)),
        now_ms=call.now_ms,
        owner=owner,
    )
    balance = await balance_of(system, signed.address)
    nonce = (await nonces_of(system, signed.address)).next

    def shown(reserved: Reserved) -> Reply:
        return _reserved(call, reserved, nonce)

    def keep(reserved: Reserved, _committed: tuple[Committed, ...]) -> Answer | None:
        return call.keep(shown(reserved))

    reserved = await system.pool.ask(
        Reserve(
            quote_id=quote_id,
            address=signed.address,
            command_id=signed.command_id,
            balance=balance,
            keep=keep,
        ),
        deadline=ASK_S,
    )
    return shown(reserved)


async def get_policies(call: Call[PoliciesQuery, Nothing]) -> Reply:
    """Return a page of policies, newest first."""
    query, network = call.query, call.system.deployment.network
    from_ms, to_ms = span_of(query)
    filters = PolicyFilters(
        owner=None if query.owner is None else check_address(query.owner, network, field="owner"),
        statuses=tuple(dict.fromkeys(query.status or ())),
        tier=query.tier,
        kind=query.kind,
        expiry_from=height_or_none(query.expiry_from),
        expiry_to=height_or_none(query.expiry_to),
        from_ms=from_ms,
        to_ms=to_ms,
    )
    seq, page = await call.system.reader.read_at(
        policies_page, filters, limit=query.limit, cursor=query.cursor
    )

    def show(head: Head) -> PolicyView:
        return policy_view(head.policy, call.context)

    return list_reply(page, show, seq=seq)


async def get_policy(call: Call[Nothing, Nothing]) -> Reply:
    """Return a policy by its number or its quote id."""
    seq, head = await find_policy(call.system.reader, call.path["id"])
    return json_reply(policy_view(head.policy, call.context), seq=seq)


async def get_events(call: Call[Nothing, Nothing]) -> Reply:
    """Return all that concerned a policy, oldest first."""
    _, head = await find_policy(call.system.reader, call.path["id"])
    seq, found = await call.system.reader.read_at(policy_events, head.policy.quote_id)
    return list_reply(Page(items=found, next_cursor=None), event_view, seq=seq)


async def get_backing(call: Call[Nothing, Nothing]) -> Reply:
    """Return who backs a policy and how much of it."""
    _, head = await find_policy(call.system.reader, call.path["id"])
    seq, found = await call.system.reader.read_at(backers, head.policy.quote_id)
    return json_reply(ListView(items=backer_views(found), next_cursor=None), seq=seq)


async def post_activation(call: Call[Nothing, ActivationBody]) -> Reply:
    """Accept the owner's exercise, before its price is known."""
    system, body = call.system, call.body
    _, head = await find_policy(system.reader, call.path["id"])
    policy = head.policy
    signed = await signed_command(
        system,
        body.authorisation,
        activation_of(policy, body.min_payout_sats),
        now_ms=call.now_ms,
        owner=policy.owner,
    )
    command = _activation(call, policy, signed)

    def keep(committed: tuple[Committed, ...]) -> Answer | None:
        after = [one.policy for one in committed if one.policy is not None]
        return call.keep(_activated(call, after[-1] if after else policy, signed))

    after = await system.policies.ask(
        policy.quote_id,
        Activate(
            command_id=signed.command_id,
            address=signed.address,
            min_payout=command.min_payout,
            valid_until_s=signed.valid_until_s,
            signature=signed.signature,
            height=command.height,
            spot=command.spot,
            now_s=command.now_s,
            keep=keep,
        ),
        deadline=ASK_S,
    )
    return _activated(call, after, signed)


async def post_auto_exercise(call: Call[Nothing, AutoExerciseBody]) -> Reply:
    """Switch the daemon's own exercise of a policy."""
    system, body = call.system, call.body
    _, head = await find_policy(system.reader, call.path["id"])
    signed = await signed_command(
        system,
        body.authorisation,
        switch_of(head.policy, enabled=body.enabled),
        now_ms=call.now_ms,
        owner=head.policy.owner,
    )
    reply = json_reply(SwitchedAnswer(enabled=body.enabled))
    await system.policies.ask(
        head.policy.quote_id,
        SwitchAutoExercise(
            command_id=signed.command_id,
            address=signed.address,
            enabled=body.enabled,
            keep=lambda _committed: call.keep(reply),
        ),
        deadline=ASK_S,
    )
    return reply


def _reserved(call: Call[Nothing, ReserveBody], reserved: Reserved, nonce: int) -> Reply:
    terms = reserved.policy.terms
    transaction = prepare_for(
        call.system,
        buy_policy(call.system.deployment, terms, reserved.quote_signatures, reserved.reading),
        sender=terms.owner,
        nonce=nonce,
        valid_until_height=terms.valid_until,
        valid_until_at=rfc3339(terms.valid_until_s * 1_000),
    )
    answer = ReservedAnswer(
        policy=policy_view(reserved.policy, call.context),
        quote_signature=reserved.quote_signatures[0],
        transaction=transaction,
    )
    return json_reply(answer, status=201, location=f"/v1/policies/{terms.quote_id}")


def _activated(call: Call[Nothing, ActivationBody], after: Policy, signed: Signed) -> Reply:
    answer = ActivatedAnswer(policy=policy_view(after, call.context), operation_id=operation_of(signed))
    return json_reply(answer, status=202, location=f"/v1/policies/{after.quote_id}")


def operation_of(signed: Signed) -> OperationId:
    """Return the operation that an accepted exercise becomes once its price is known."""
    return OperationId("o_" + signed.command_id[2:])


def _activation(call: Call[Nothing, ActivationBody], policy: Policy, signed: Signed) -> RequestActivation:
    """Return the command with what it is decided on.

    Raises:
        DomainError: what the policy refuses, before what is missing for now: state comes before means.
    """
    height = tip_of(call.context).burn_height
    minimum = call.body.min_payout_sats

    def command(spot: UsdE8) -> RequestActivation:
        return RequestActivation(
            command_id=signed.command_id,
            address=signed.address,
            min_payout=None if minimum is None else Sats(minimum),
            valid_until_s=signed.valid_until_s,
            signature=signed.signature,
            height=height,
            spot=spot,
            now_s=call.now_ms // 1_000,
        )

    try:
        return command(_spot(call, height))
    except DomainError:
        best = UsdE8(1) if policy.terms.kind is Kind.PUT else MAX_PRICE
        decide_activation(policy, command(best))
        raise


def _spot(call: Call[Nothing, ActivationBody], height: Height) -> UsdE8:
    check_settlements(call.system.board, height)
    market = call.context.market
    if market is None:
        raise OracleStaleError("the price feed has not spoken yet", retry_after_s=2)
    return market.spot_for_sale(call.now_ms, longest_age_ms=call.system.config.oracle.staleness_s * 1_000)
