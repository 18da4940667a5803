"""From a call's Clarity arguments to the contracts' rules, and back to its answer."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from bithedge.protocol.deployment import Deployment
from bithedge.sim.chain import registry, vault
from bithedge.sim.chain.frame import Frame, WireOrder, WireProof, WireTerms, principal, totals_value
from bithedge.stacks.clarity import (
    NONE,
    Buffer,
    ClarityValue,
    List,
    NoneValue,
    Principal,
    Some,
    StringAscii,
    Tuple,
    UInt,
)
from bithedge.stacks.clarity_python import as_bytes, as_list, as_optional, as_text, as_tuple, as_uint
from bithedge.stacks.payloads import ContractCall

Kind = Callable[[ClarityValue], bool]
_SIGNATURE_BYTES: Final = 65


def _uint(value: ClarityValue) -> bool:
    return isinstance(value, UInt)


def _text(most: int) -> Kind:
    return lambda value: isinstance(value, StringAscii) and len(value.value) <= most


def _bytes(most: int) -> Kind:
    return lambda value: isinstance(value, Buffer) and len(value.value) <= most


def _listed(kind: Kind, most: int) -> Kind:
    return lambda value: isinstance(value, List) and len(value.items) <= most and all(map(kind, value.items))


def _principal(value: ClarityValue) -> bool:
    return isinstance(value, Principal)


def _tuple(**fields: Kind) -> Kind:
    kinds = {name.replace("_", "-"): kind for name, kind in fields.items()}

    def fits(value: ClarityValue) -> bool:
        return (
            isinstance(value, Tuple)
            and [name for name, _ in value.entries] == sorted(kinds)
            and all(kinds[name](inner) for name, inner in value.entries)
        )

    return fits


def _optional(kind: Kind) -> Kind:
    return lambda value: isinstance(value, NoneValue) or (isinstance(value, Some) and kind(value.value))


_SIGNATURES: Final = _listed(_bytes(_SIGNATURE_BYTES), 7)
_TERMS: Final = _tuple(
    quote_id=_bytes(16),
    owner=_principal,
    option=_text(4),
    strike=_uint,
    amount=_uint,
    collateral=_uint,
    premium=_uint,
    fee=_uint,
    tier=_text(12),
    expiry=_uint,
    valid_until=_uint,
    valid_until_time=_uint,
)
_ORDER: Final = _tuple(id=_bytes(16), valid_until=_uint, min_payout=_uint, signature=_bytes(_SIGNATURE_BYTES))
_PROOF: Final = _tuple(price=_uint, height=_uint, attestations=_SIGNATURES)


class Function(NamedTuple):
    """A public function: what it takes and what it does."""

    takes: tuple[Kind, ...]
    does: Callable[[Frame, Sequence[ClarityValue]], int | bool]


def _of(rule: Callable[..., int | bool], *kinds: Kind) -> Function:
    def does(frame: Frame, values: Sequence[ClarityValue]) -> int | bool:
        return rule(frame, *map(_python, values))

    return Function(kinds, does)


def _buy(frame: Frame, values: Sequence[ClarityValue]) -> int:
    terms, signatures, price, height, readings = values
    return vault.buy(
        frame,
        _terms(as_tuple(terms)),
        _signatures(signatures),
        as_uint(price),
        as_uint(height),
        _signatures(readings),
    )


def _settle(frame: Frame, values: Sequence[ClarityValue]) -> int:
    number, price, height, attestations, order = values
    given = as_optional(order)
    return vault.settle(
        frame,
        as_uint(number),
        as_uint(price),
        as_uint(height),
        _signatures(attestations),
        None if given is None else _order(as_tuple(given)),
    )


def _withdraw(frame: Frame, values: Sequence[ClarityValue]) -> int:
    amount, tier, serial, valid_until, signatures = values
    return vault.withdraw(
        frame, as_uint(amount), as_text(tier), as_bytes(serial), as_uint(valid_until), _signatures(signatures)
    )


def _release(frame: Frame, values: Sequence[ClarityValue]) -> int:
    numbers, proof = values
    shown = as_optional(proof)
    return vault.release(
        frame,
        [as_uint(number) for number in as_list(numbers)],
        None if shown is None else _proof(as_tuple(shown)),
    )


def _mark(frame: Frame, number: int, status: str) -> bool:
    return registry.update_status(frame, number, status, by_pool=False)


REGISTRY: Final = {
    "request-exercise": _of(registry.request_exercise, _uint, _uint),
    "update-policy-status": _of(_mark, _uint, _text(7)),
    "pause": _of(registry.pause, _text(16), _uint),
    "resume": _of(registry.resume, _text(16)),
}
POOL: Final = {
    "deposit-funds": _of(vault.deposit, _uint, _text(12)),
    "withdraw-funds": Function((_uint, _text(12), _bytes(16), _uint, _SIGNATURES), _withdraw),
    "buy-policy": Function((_TERMS, _SIGNATURES, _uint, _uint, _SIGNATURES), _buy),
    "settle-policy": Function((_uint, _uint, _uint, _SIGNATURES, _optional(_ORDER)), _settle),
    "release-collateral-aggregate": Function((_listed(_uint, 50), _optional(_PROOF)), _release),
    "lock-collateral-aggregate": _of(vault.lock_buffer, _uint),
    "unlock-collateral-aggregate": _of(vault.unlock_buffer, _uint),
}


def function_of(deployment: Deployment, call: ContractCall) -> Function | None:
    """Return the function that a call names; None if neither contract has it."""
    known = {deployment.registry: REGISTRY, deployment.pool: POOL}.get(str(call.contract), {})
    return known.get(call.function)


def read_only(frame: Frame, contract: str, function: str, arguments: Sequence[ClarityValue]) -> ClarityValue:
    """Return what a read-only function gives.

    Raises:
        KeyError: this chain does not know the function.
    """
    known = _POOL_READS if contract == frame.deployment.pool else _REGISTRY_READS
    return known[function](frame, arguments)


def _parameter(frame: Frame, values: Sequence[ClarityValue]) -> ClarityValue:
    return UInt(frame.parameter(as_text(values[0])))


def _role(frame: Frame, values: Sequence[ClarityValue]) -> ClarityValue:
    found = frame.state.principals.get(as_text(values[0]))
    return NONE if found is None else Some(principal(found))


def _limits(frame: Frame, values: Sequence[ClarityValue]) -> ClarityValue:
    limits = vault.limits_of(frame, str(values[0]))
    return Tuple.of({name: UInt(value) for name, value in limits._asdict().items()})


def _totals(frame: Frame, _values: Sequence[ClarityValue]) -> ClarityValue:
    return totals_value(frame.state.totals)


Read = Callable[[Frame, Sequence[ClarityValue]], ClarityValue]
_REGISTRY_READS: Final[dict[str, Read]] = {"get-parameter": _parameter, "get-principal": _role}
_POOL_READS: Final[dict[str, Read]] = {"get-withdrawal-limits": _limits, "get-pool-totals": _totals}


def _python(value: ClarityValue) -> Any:
    match value:
        case UInt() | StringAscii() | Buffer():
            return value.value
        case Principal():
            return str(value)
        case _:
            raise TypeError(f"no argument of these functions is a {type(value).__name__}")


def _signatures(value: ClarityValue) -> tuple[bytes, ...]:
    return tuple(as_bytes(item) for item in as_list(value))


def _terms(value: Tuple) -> WireTerms:
    figures = {
        name: as_uint(value[name.replace("_", "-")])
        for name in (
            "strike",
            "amount",
            "collateral",
            "premium",
            "fee",
            "expiry",
            "valid_until",
            "valid_until_time",
        )
    }
    return WireTerms(
        value=value,
        quote_id=as_bytes(value["quote-id"]),
        owner=str(value["owner"]),
        option=as_text(value["option"]),
        tier=as_text(value["tier"]),
        **figures,
    )


def _order(value: Tuple) -> WireOrder:
    return WireOrder(
        id=as_bytes(value["id"]),
        valid_until=as_uint(value["valid-until"]),
        min_payout=as_uint(value["min-payout"]),
        signature=as_bytes(value["signature"]),
    )


def _proof(value: Tuple) -> WireProof:
    return WireProof(
        price=as_uint(value["price"]),
        height=as_uint(value["height"]),
        attestations=_signatures(value["attestations"]),
    )
