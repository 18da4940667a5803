"""A policy's actor."""

from collections.abc import Callable
from typing import assert_never

import msgspec
import structlog

from actors.messages.oracle import ReadingWanted
from actors.messages.policies import (
    Activate,
    FactsCommitted,
    HeightReached,
    OperationEnded,
    PolicyMessage,
    ReadingMade,
    Resume,
    SwitchAutoExercise,
    TouchSeen,
)
from actors.runtime import AsyncioActor
from actors.seams import Clock, Ids
from bithedge.domain.errors import UnknownPolicyError
from bithedge.domain.events.policy import PolicyEvent, PolicySettling
from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import Hex, QuoteId, operation_id, to_bytes
from bithedge.domain.money import Height
from bithedge.domain.policy.decide import (
    PublicPrice,
    RequestActivation,
    decide_activation,
    decide_auto_exercise,
    decide_expiring,
    decide_expiry_price,
    decide_failure,
    decide_reading,
    decide_resettling,
    decide_touch,
)
from bithedge.domain.policy.state import Policy, Status
from bithedge.protocol.calls import SignedPrice, settle_policy
from bithedge.protocol.deployment import Deployment
from bithedge.storage.ports import Change, Journal, Keep, policy_stream
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.storage.queries.prices import signed_price
from bithedge.storage.queries.transactions import operation
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()


class PolicyTools(msgspec.Struct, frozen=True, kw_only=True):
    """What every policy's actor works with."""

    journal: Journal
    reader: Reader
    deployment: Deployment
    ids: Ids
    clock: Clock
    want_reading: Callable[[ReadingWanted], None]
    """Tells the oracle."""
    intents_committed: Callable[[], None]
    """Tells the lanes."""
    max_age: int
    """Blocks that a reading may be old at an ordered exercise; the contract's parameter."""


class PolicyActor(AsyncioActor):
    """One policy in memory, one message at a time.

    Owns the policy's own decisions; hears commands, prices, heights and facts that others journalled; says
    what it journals to everybody through the journal. If it fails it is revived from the journal when the
    next message comes.
    """

    registered = False

    def __init__(self, quote_id: QuoteId, tools: PolicyTools) -> None:
        super().__init__()
        self._quote_id = quote_id
        self._tools = tools
        self._loaded: Policy | None = None

    async def on_start(self) -> None:
        head = await self._tools.reader.read(policy_of_quote, self._quote_id)
        self._loaded = None if head is None else head.policy

    @property
    def _policy(self) -> Policy:
        if self._loaded is None:
            raise UnknownPolicyError("no policy has this id", field="policy_id", actual=self._quote_id)
        return self._loaded

    async def on_receive(self, message: PolicyMessage) -> Policy | None:
        match message:
            case Activate():
                return await self._activate(message)
            case SwitchAutoExercise():
                return await self._switch(message)
            case FactsCommitted():
                self._catch_up(message)
            case ReadingMade():
                await self._read(message)
            case TouchSeen():
                await self._touch(message)
            case HeightReached():
                await self._reach(message)
            case OperationEnded():
                await self._operation_ended(message)
            case Resume():
                await self._resume(message)
            case _:
                assert_never(message)
        return self._loaded

    async def _activate(self, message: Activate) -> Policy:
        command = RequestActivation(
            command_id=message.command_id,
            address=message.address,
            min_payout=message.min_payout,
            valid_until_s=message.valid_until_s,
            signature=message.signature,
            height=message.height,
            spot=message.spot,
            now_s=message.now_s,
        )
        events = decide_activation(self._policy, command)
        policy = await self._journal(events, keep=message.keep, used_message=message.command_id)
        self._want_reading(policy)
        return policy

    async def _switch(self, message: SwitchAutoExercise) -> Policy:
        events = decide_auto_exercise(
            self._policy, message.address, enabled=message.enabled, command_id=message.command_id
        )
        return await self._journal(events, keep=message.keep, used_message=message.command_id)

    async def _read(self, message: ReadingMade) -> None:
        policy = self._policy
        if policy.exercise is None or policy.exercise.command_id != message.command_id:
            return
        # The command names its operation: the owner was told it when the exercise was accepted.
        named = operation_id(to_bytes(message.command_id))
        events = decide_reading(policy, _public(message.reading), named)
        await self._settle(
            events, message.reading, useless_after=message.reading.height + self._tools.max_age
        )

    async def _touch(self, message: TouchSeen) -> None:
        fresh = operation_id(self._tools.ids.bytes16())
        events = decide_touch(self._policy, _public(message.price), fresh)
        await self._settle(events, message.price)

    async def _reach(self, message: HeightReached) -> None:
        if self._policy.detail == "settlement_retrying":
            await self._settle_again()
        await self._journal(decide_expiring(self._policy, message.height))
        if message.expiry_price is not None:
            fresh = operation_id(self._tools.ids.bytes16())
            events = decide_expiry_price(self._policy, _public(message.expiry_price), fresh)
            await self._settle(events, message.expiry_price)

    async def _operation_ended(self, message: OperationEnded) -> None:
        policy = self._policy
        if policy.operation_id is None or policy.operation_id != message.operation_id:
            return
        if decide_resettling(policy, policy.operation_id):
            return  # a price that holds however old it is: the next height tries again
        await self._journal(decide_failure(policy, message.reason))

    async def _settle_again(self) -> None:
        """Send a refused settlement once more, a height later, so that a pause is not paid for in fees."""
        policy = self._policy
        if policy.operation_id is None:
            return
        before = await self._tools.reader.read(operation, policy.operation_id)
        again = decide_resettling(policy, operation_id(self._tools.ids.bytes16()))
        if before is None or before.status != "aborted" or not again:
            return
        price = await self._tools.reader.read(signed_price, again[0].price_height)
        if price is not None:
            log.warning("policy.settlement_repeated", policy_id=self._quote_id, reason=before.reason)
            await self._settle(again, price)

    async def _resume(self, message: Resume) -> None:
        policy = self._policy
        await self._journal(decide_expiring(policy, message.height))
        if policy.status is Status.SETTLING and policy.settlement is None:
            self._want_reading(policy)

    def _want_reading(self, policy: Policy) -> None:
        if policy.exercise is not None and policy.start is not None and policy.settlement is None:
            self._tools.want_reading(
                ReadingWanted(
                    quote_id=policy.quote_id, command_id=policy.exercise.command_id, above=policy.start
                )
            )

    async def _settle(
        self, events: tuple[PolicyEvent, ...], price: SignedPrice, *, useless_after: int | None = None
    ) -> None:
        policy = self._policy
        intents = [
            self._intent(policy, event, price, useless_after)
            for event in events
            if isinstance(event, PolicySettling)
        ]
        await self._journal(events, intents=intents)
        if intents:
            self._tools.intents_committed()

    def _intent(
        self, policy: Policy, event: PolicySettling, price: SignedPrice, useless_after: int | None
    ) -> Intent:
        if policy.policy_id is None:
            raise UnknownPolicyError("the policy has no number on chain yet", actual=self._quote_id)
        exercise = policy.exercise if event.rule == "daemon" else None
        return Intent(
            operation_id=event.operation_id,
            key=f"settle:{policy.quote_id}:{event.rule}:{event.operation_id}",
            kind="settle",
            call=settle_policy(self._tools.deployment, policy.policy_id, price, event.payout, exercise),
            quote_ids=(policy.quote_id,),
            policy_ids=(policy.policy_id,),
            useless_after=None if useless_after is None else Height(useless_after),
        )

    async def _journal(
        self,
        events: tuple[PolicyEvent, ...],
        *,
        intents: list[Intent] | None = None,
        keep: Keep | None = None,
        used_message: Hex | None = None,
    ) -> Policy:
        """Commit, then take over what it left; nothing to commit changes nothing."""
        policy = self._policy
        if not events and keep is None:
            return policy
        change = Change(stream=policy_stream(self._quote_id), events=events, expected=policy.version)
        committed = await self._tools.journal.append(
            [change] if events else [], intents=intents or (), keep=keep, used_message=used_message
        )
        for one in committed:
            self._loaded = one.policy or self._loaded
            log.info(one.recorded.name, policy_id=self._quote_id, status=self._policy.status.value)
        return self._policy

    def _catch_up(self, message: FactsCommitted) -> None:
        if self._loaded is None or message.policy.updated_seq > self._loaded.updated_seq:
            self._loaded = message.policy


def _public(price: SignedPrice) -> PublicPrice:
    return PublicPrice(price=price.price, height=price.height)
