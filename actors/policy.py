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
from bithedge.domain.ids import Hex, OperationId, QuoteId, operation_id, to_bytes
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
from bithedge.domain.policy.state import UNSETTLED, Policy, Status
from bithedge.protocol.calls import SignedPrice, settle_policy
from bithedge.protocol.deployment import Deployment
from bithedge.storage.errors import VersionConflictError
from bithedge.storage.ports import Change, Journal, Keep, policy_stream
from bithedge.storage.queries.chain import burn_height_at
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.storage.queries.prices import signed_price
from bithedge.storage.queries.touches import price_beyond
from bithedge.storage.queries.transactions import Operation, operation
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()

MOST_CONFLICTS = 5
"""So often a message is decided anew because the chain has told of the policy meanwhile."""
RETRY_BLOCKS = 6
"""A settlement that the chain refused is sent again after so many burn blocks."""
_REFUSED_FOR_PAUSE = "(err u105)"


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
    settlements_paused: Callable[[], bool]
    """Whether the contract would refuse any settlement now."""
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
        await self._load()

    async def _load(self) -> None:
        head = await self._tools.reader.read(policy_of_quote, self._quote_id)
        self._loaded = None if head is None else head.policy

    @property
    def _policy(self) -> Policy:
        if self._loaded is None:
            raise UnknownPolicyError("no policy has this id", field="policy_id", actual=self._quote_id)
        return self._loaded

    async def on_receive(self, message: PolicyMessage) -> Policy | None:
        for _ in range(MOST_CONFLICTS):
            try:
                return await self._handle(message)
            except VersionConflictError:  # a fact came first: what it left is decided on anew
                await self._load()
        return await self._handle(message)

    async def _handle(self, message: PolicyMessage) -> Policy | None:
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
                await self._touch()
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
        await self._journal(events, keep=message.keep, used_message=message.command_id)
        if message.enabled:
            await self._touch()
        return self._policy

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
        await self._touch()  # where the exercise came to nothing, one that it held back counts again

    async def _touch(self) -> None:
        """Settle at a public price of its life that reached its floor or ceiling, however old it is."""
        policy = self._policy
        if policy.start is None or policy.status not in UNSETTLED or self._tools.settlements_paused():
            return
        terms = policy.terms
        price = await self._tools.reader.read(
            price_beyond, floor=terms.floor, ceiling=terms.ceiling, above=policy.start, up_to=terms.expiry
        )
        if price is not None:
            await self._settle(decide_touch(policy, _public(price), self._fresh()), price)

    async def _reach(self, message: HeightReached) -> None:
        if self._policy.detail == "settlement_retrying":
            await self._settle_again(message.height)
        await self._journal(decide_expiring(self._policy, message.height))
        if message.expiry_price is not None:
            events = decide_expiry_price(self._policy, _public(message.expiry_price), self._fresh())
            await self._settle(events, message.expiry_price)

    def _fresh(self) -> OperationId:
        return operation_id(self._tools.ids.bytes16())

    async def _operation_ended(self, message: OperationEnded) -> None:
        policy = self._policy
        if policy.operation_id is None or policy.operation_id != message.operation_id:
            return
        if decide_resettling(policy, policy.operation_id):
            return  # a price that holds however old it is: a later height tries again
        await self._give_up(message.reason)

    async def _give_up(self, reason: str) -> None:
        await self._journal(decide_failure(self._policy, reason))
        await self._touch()

    async def _settle_again(self, height: Height) -> None:
        """Send a refused settlement once more, where its price still holds; else the exercise has failed."""
        policy = self._policy
        if policy.operation_id is None:
            return
        before = await self._tools.reader.read(operation, policy.operation_id)
        if before is None or before.status not in ("aborted", "cancelled"):
            return
        again = decide_resettling(policy, self._fresh())
        if not again:
            await self._give_up(before.reason or before.status)
            return
        price = await self._tools.reader.read(signed_price, again[0].price_height)
        if price is not None and await self._may_retry(before, height):
            log.warning("policy.settlement_repeated", policy_id=self._quote_id, reason=before.reason)
            await self._settle(again, price)

    async def _may_retry(self, before: Operation, height: Height) -> bool:
        """Return whether another attempt is worth its fee: once a pause is over, else a while later."""
        if self._tools.settlements_paused():
            return False
        if before.reason is not None and _REFUSED_FOR_PAUSE in before.reason:
            return True
        return height >= await self._tools.reader.read(burn_height_at, before.created_seq) + RETRY_BLOCKS

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
