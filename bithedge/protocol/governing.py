"""The acts of governance: what each would do, who can stop it, and why the registry would refuse it.

An act is judged on what the chain says, by the registry's own rules and in their order.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias, assert_never

import coincurve
import msgspec

from bithedge.domain.contract_errors import CONTRACT_ERRORS
from bithedge.protocol.deploy_sources import published_parameters
from bithedge.protocol.governing_state import (
    CHANGE_LIFE,
    PAUSABLE,
    PAUSE_EXTRA,
    PAUSE_REST,
    SEATS,
    SIGNING_ROLES,
    Change,
    Standing,
)
from bithedge.protocol.governing_words import a_key, at_height, duty_of, meaning_of, pause_of, seat_of
from bithedge.stacks.clarity import Buffer, ClarityValue, Principal, StringAscii, UInt

_NUMBERS: Final = {error.name: error for error in CONTRACT_ERRORS.values()}


class GovernanceError(Exception):
    """The registry would refuse the act; `code` is its error's name, `number` its number."""

    def __init__(self, code: str, why: str) -> None:
        error = _NUMBERS[code]
        super().__init__(f"the registry would refuse it (u{error.number} {code}: {error.meaning}). {why}")
        self.code = code
        self.number = error.number


class ProposeSeat(msgspec.Struct, frozen=True):
    """Give a seat to somebody else."""

    seat: str
    who: str


class ProposeKey(msgspec.Struct, frozen=True):
    """Register a signing key."""

    role: str
    key: bytes


class ProposeParameter(msgspec.Struct, frozen=True):
    """Change a number."""

    name: str
    value: int


class Execute(msgspec.Struct, frozen=True):
    """Make a proposal take effect."""

    change: int


class Cancel(msgspec.Struct, frozen=True):
    """Void all proposals so far."""


class RemoveKey(msgspec.Struct, frozen=True):
    """Take a signing key away, at once."""

    role: str
    key: bytes
    registered: bool
    """By the chain's word."""


class Pause(msgspec.Struct, frozen=True):
    """Stop one thing for a while."""

    what: str
    blocks: int


class Resume(msgspec.Struct, frozen=True):
    """End a pause."""

    what: str


Act: TypeAlias = ProposeSeat | ProposeKey | ProposeParameter | Execute | Cancel | RemoveKey | Pause | Resume


class Ruling(msgspec.Struct, frozen=True):
    """The call that an act is, and what there is to know before it is signed."""

    function: str
    arguments: tuple[ClarityValue, ...]
    says: tuple[str, ...]


def rule_on(act: Act, standing: Standing, sender: str) -> Ruling:
    """Return the call of an act by `sender`, in words too.

    Raises:
        GovernanceError: the registry would refuse it, and why.
        AddressError: who is to have a seat is no principal.
    """
    match act:
        case ProposeSeat():
            return _propose_seat(act, standing, sender)
        case ProposeKey():
            return _propose_key(act, standing, sender)
        case ProposeParameter():
            return _propose_parameter(act, standing, sender)
        case Execute():
            return _execute(act, standing, sender)
        case Cancel():
            return _cancel(standing, sender)
        case RemoveKey():
            return _remove_key(act, standing, sender)
        case Pause():
            return _pause(act, standing, sender)
        case Resume():
            return _resume(act, standing, sender)
        case _:
            assert_never(act)


def _propose_seat(act: ProposeSeat, standing: Standing, sender: str) -> Ruling:
    _owner_only(standing, sender)
    _known(act.seat, SEATS, "seat")
    owner, who = standing.seats["owner"], Principal.parse(act.who)
    switches_off = act.seat == "backend" and act.who == owner
    says = [
        f"{act.who} becomes the {act.seat}, who may {seat_of(act.seat)}.",
        f"The {act.seat} now: {standing.seats[act.seat]}.",
    ]
    if switches_off:
        says += ["The owner as the backend switches the daemon's powers off: this takes effect at once."]
    else:
        says += _waits(standing, by=f"the new owner {act.who}, who so accepts" if act.seat == "owner" else "")
        says += _stoppable(standing, spared=act.seat == "guardian")
    if act.seat == "backend":
        return Ruling("set-backend-principal", (who,), tuple(says))
    return Ruling("propose-principal", (StringAscii(act.seat), who), tuple(says))


def _propose_key(act: ProposeKey, standing: Standing, sender: str) -> Ruling:
    _owner_only(standing, sender)
    _known(act.role, SIGNING_ROLES, "role")
    if not _is_key(act.key):
        raise GovernanceError("BOUNDS", "A key is 33 bytes, compressed, on the curve secp256k1.")
    says = (
        f"0x{act.key.hex()} becomes {a_key(act.role)}: it {duty_of(act.role)}.",
        f"{act.role} has {_keys(standing.keys[act.role])}; {standing.parameters[act.role]} must sign.",
        *_waits(standing),
        *_stoppable(standing),
    )
    return Ruling("propose-signer", (StringAscii(act.role), Buffer(act.key)), says)


def _propose_parameter(act: ProposeParameter, standing: Standing, sender: str) -> Ruling:
    _known(act.name, tuple(published_parameters()), "parameter")
    _owner_only(standing, sender)
    bounds = published_parameters()[act.name]
    if not bounds.low <= act.value <= bounds.high:
        raise GovernanceError("BOUNDS", f"{act.name} may be {bounds.low} to {bounds.high}, not {act.value}.")
    says = [
        f"{act.name} goes from {standing.parameters[act.name]} to {act.value}: {meaning_of(act.name)}.",
        *_waits(standing),
        *_stoppable(standing),
    ]
    if act.value > standing.keys.get(act.name, act.value):
        says.append(f"It cannot be executed before {act.name} has {_keys(act.value)}.")
    return Ruling("propose-parameter", (StringAscii(act.name), UInt(act.value)), tuple(says))


def _execute(act: Execute, standing: Standing, sender: str) -> Ruling:
    change = standing.change(act.change)
    if change is None:
        raise GovernanceError("UNKNOWN_CHANGE", f"{_list(standing)} It may have been executed already.")
    heir = change.who if change.moves("owner") else standing.seats["owner"]
    if sender != heir:
        raise GovernanceError("NOT_OWNER", f"Only {heir} may execute it, not {sender}.")
    if change.voided:
        raise GovernanceError("UNKNOWN_CHANGE", "It was voided: propose it again.")
    if standing.height < change.ready:
        left = change.ready - standing.height
        raise GovernanceError("TIMELOCK", f"It is ready {at_height(change.ready, left)}.")
    if standing.height > change.lapses:
        raise GovernanceError("CHANGE_LAPSED", f"It was good until height {change.lapses}: propose it again.")
    keys = standing.keys.get(change.name)
    if change.action == "parameter" and keys is not None and change.value > keys:
        raise GovernanceError(
            "KEYS_LEFT", f"{change.name} has {_keys(keys)}, {change.value} would have to sign."
        )
    says = (f"{described(change)}. At once, and for good: only another proposal takes it back.",)
    return Ruling("execute-change", (UInt(act.change),), says)


def _cancel(standing: Standing, sender: str) -> Ruling:
    _guardian_or_owner(standing, sender)
    is_owner = sender == standing.seats["owner"]
    voided = [one for one in standing.waiting() if is_owner or not one.moves("guardian")]
    spared = [one for one in standing.waiting() if one not in voided]
    says = [f"Voids every proposal so far, at once: {_numbered(voided)}."]
    if spared:
        says.append(f"The guardian cannot void what names its successor: {_numbered(spared)} stays.")
    says.append("What is proposed afterwards is not touched.")
    return Ruling("cancel-changes", (), tuple(says))


def _remove_key(act: RemoveKey, standing: Standing, sender: str) -> Ruling:
    _guardian_or_owner(standing, sender)
    if act.role not in SIGNING_ROLES or not act.registered:
        raise GovernanceError("UNKNOWN_NAME", f"0x{act.key.hex()} is not registered as {a_key(act.role)}.")
    keys, needed = standing.keys[act.role], standing.parameters[act.role]
    if act.role != "quote" and keys <= needed:
        why = f"{act.role} has {_keys(keys)} and {needed} must sign. Register another first, or pause."
        raise GovernanceError("KEYS_LEFT", why)
    says = [
        f"0x{act.key.hex()} is not {a_key(act.role)} any more, at once: what it signed is worth nothing.",
        f"{act.role} then has {_keys(keys - 1)}; {needed} must sign.",
    ]
    if keys - 1 < needed:
        says.append(
            "Too few are left: nothing can be sold until another is registered, which takes the timelock."
        )
    return Ruling("remove-signer", (StringAscii(act.role), Buffer(act.key)), tuple(says))


def _pause(act: Pause, standing: Standing, sender: str) -> Ruling:
    guardian = standing.seats["guardian"]
    if sender != guardian:
        raise GovernanceError("NOT_GUARDIAN", f"Only the guardian {guardian} may pause, not {sender}.")
    _known(act.what, PAUSABLE, "thing to pause")
    longest = standing.parameters["timelock"] + PAUSE_EXTRA
    if not 1 <= act.blocks <= longest:
        raise GovernanceError("BOUNDS", f"A pause lasts 1 to {longest} blocks, not {act.blocks}.")
    ended = standing.pauses[act.what]
    again = ended + PAUSE_REST
    if act.what != "sales" and ended and standing.height < again:
        left = again - standing.height
        raise GovernanceError(
            "PAUSE_LIMIT", f"The next pause of {act.what} can begin {at_height(again, left)}."
        )
    says = (
        f"{pause_of(act.what)} stop at once, {at_height(standing.height + act.blocks, act.blocks, 'until')}.",
        f"Then they go on by themselves. {_ends_it(standing)} may end it before, by `resume {act.what}`.",
        "Sales may be paused again at once."
        if act.what == "sales"
        else f"They cannot be paused again for {PAUSE_REST} blocks after its end.",
    )
    return Ruling("pause", (StringAscii(act.what), UInt(act.blocks)), says)


def _resume(act: Resume, standing: Standing, sender: str) -> Ruling:
    _guardian_or_owner(standing, sender)
    until = standing.pauses.get(act.what, 0)
    if standing.height >= until:
        raise GovernanceError("UNKNOWN_NAME", f"{act.what} is not paused.")
    by_itself = at_height(until, until - standing.height, "at")
    says = (f"{pause_of(act.what)} go on at once; by itself the pause would end {by_itself}.",)
    return Ruling("resume", (StringAscii(act.what),), says)


def described(change: Change) -> str:
    """Return a proposal in words."""
    match change.action:
        case "principal":
            return f"{change.who} becomes the {change.name}"
        case "signer":
            return f"0x{change.key.hex()} becomes {a_key(change.name)}"
        case _:
            return f"{change.name} becomes {change.value}"


def state_of(change: Change, height: int) -> str:
    """Return what may be done with a proposal now."""
    if change.voided:
        return "voided"
    if height > change.lapses:
        return f"lapsed at height {change.lapses}"
    if height < change.ready:
        return f"ready {at_height(change.ready, change.ready - height)}"
    return f"ready, good until height {change.lapses}"


# ---------------------------------------------------------------- what several acts share


def _owner_only(standing: Standing, sender: str) -> None:
    owner = standing.seats["owner"]
    if sender != owner:
        raise GovernanceError("NOT_OWNER", f"The owner is {owner}, the key is that of {sender}.")


def _guardian_or_owner(standing: Standing, sender: str) -> None:
    owner, guardian = standing.seats["owner"], standing.seats["guardian"]
    if sender not in (owner, guardian):
        why = f"The owner is {owner}, the guardian {guardian}, the key is that of {sender}."
        raise GovernanceError("NOT_GUARDIAN", why)


def _known(name: str, names: Sequence[str], what: str) -> None:
    if name not in names:
        raise GovernanceError("UNKNOWN_NAME", f"{name!r} is no {what}: {', '.join(names)}.")


def _waits(standing: Standing, by: str = "") -> tuple[str, ...]:
    if not standing.sealed:
        return ("The set-up is not sealed yet: this takes effect at once.",)
    ready = standing.height + standing.timelock
    who = by or f"the owner {standing.seats['owner']}"
    return (
        f"It waits for the timelock: it can be executed {at_height(ready, standing.timelock)}, by {who}.",
        f"It lapses {CHANGE_LIFE} blocks after that, at height {ready + CHANGE_LIFE}.",
    )


def _stoppable(standing: Standing, *, spared: bool = False) -> tuple[str, ...]:
    if not standing.sealed:
        return ()
    if spared:
        return (f"Until then the owner alone can void it; the guardian {standing.seats['guardian']} cannot.",)
    return (f"Until then {_ends_it(standing)} can void it, by `cancel`.",)


def _ends_it(standing: Standing) -> str:
    return f"the guardian {standing.seats['guardian']} or the owner {standing.seats['owner']}"


def _keys(count: int) -> str:
    return "1 key" if count == 1 else f"{count} keys"


def _numbered(changes: Sequence[Change]) -> str:
    return ", ".join(f"{one.id} ({described(one)})" for one in changes) or "none waits"


def _list(standing: Standing) -> str:
    waiting = standing.waiting()
    return f"Waiting: {_numbered(waiting)}." if waiting else "No proposal waits."


def _is_key(key: bytes) -> bool:
    try:
        return coincurve.PublicKey(key).format(compressed=True) == key
    except ValueError:
        return False
