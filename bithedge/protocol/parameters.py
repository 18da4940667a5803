"""What the registry's parameters say now; read from the chain at start, never assumed."""

import msgspec

from bithedge.domain.ids import Address
from bithedge.domain.money import Bps, Sats
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.clarity import StringAscii
from bithedge.stacks.clarity_python import as_optional, as_principal, as_uint
from bithedge.stacks.errors import ClarityError
from bithedge.stacks.ports import Node

_NAMES = {
    "quote_threshold": "quote",
    "voucher_threshold": "voucher",
    "attestor_threshold": "attestor",
    "sale_age": "sale-age",
    "max_age": "max-age",
    "grace": "grace",
    "request_life": "request-life",
    "max_tenor": "max-tenor",
    "min_amount": "min-amount",
    "max_amount": "max-amount",
    "min_collateral": "min-collateral",
    "max_fee": "max-fee",
    "min_deposit": "min-deposit",
    "window": "window",
    "sale_share": "sale-share",
    "window_floor": "window-floor",
}


class ContractParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Blocks are burn blocks."""

    quote_threshold: int
    voucher_threshold: int
    attestor_threshold: int
    sale_age: int
    max_age: int
    grace: int
    request_life: int
    max_tenor: int
    min_amount: Sats
    max_amount: Sats
    min_collateral: Sats
    max_fee: Bps
    min_deposit: Sats
    window: int
    sale_share: Bps
    window_floor: Sats
    treasury: Address


async def read_parameters(node: Node, deployment: Deployment) -> ContractParameters:
    """Return the parameters by the contract's word.

    Raises:
        NodeError: the node does not answer.
        ClarityError: the contract answers with what no registry would.
    """
    values = {
        field: as_uint(await _call(node, deployment, "get-parameter", name)) for field, name in _NAMES.items()
    }
    treasury = as_optional(await _call(node, deployment, "get-principal", "treasury"))
    if treasury is None:
        raise ClarityError("the registry has no treasury: it is not set up")
    return msgspec.convert(values | {"treasury": as_principal(treasury)}, ContractParameters)


async def _call(node: Node, deployment: Deployment, function: str, name: str):  # noqa: ANN202
    return await node.call_read(
        deployment.registry, function, [StringAscii(name)], sender=deployment.deployer
    )
