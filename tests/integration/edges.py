"""What the tests of refusals share: bodies that are sound but for one thing, addresses that are not."""

from bithedge.stacks.c32 import decode_address, encode_address
from bithedge.stacks.networks import Network
from tests.integration.client import (
    BTC,
    SPOT,
    Client,
    Json,
    a_wish,
    new_key,
    problem_of,
)
from tests.integration.wallet import NETWORK, Wallet

SOMEBODY = Wallet.named("somebody").address
MAINNET = Wallet.named("somebody").key.address(Network.MAINNET)
OF_SEVERAL_KEYS = encode_address(NETWORK.multi_sig_version, decode_address(SOMEBODY).hash160)
WRONG_CHECKSUM = SOMEBODY[:-1] + ("A" if SOMEBODY[-1] != "A" else "B")
BODIES = {
    "/v1/quotes": a_wish(),
    "/v1/deposits": {"address": SOMEBODY, "amount_sats": BTC, "tier": "balanced"},
    "/v1/messages": {"action": "reserve-policy", "address": SOMEBODY, "quote_id": "q_" + "0" * 32},
    "/v1/policies": {
        "quote_id": "q_" + "0" * 32,
        "authorisation": {
            "message_id": "m_" + "0" * 32,
            "signature": "0x" + "0" * 130,
            "public_key": "0x" + "0" * 66,
        },
    },
    "/v1/withdrawals": {
        "address": SOMEBODY,
        "amount_sats": BTC,
        "tier": "balanced",
        "authorisation": {
            "message_id": "m_" + "0" * 32,
            "signature": "0x" + "0" * 130,
            "public_key": "0x" + "0" * 66,
        },
    },
    "/v1/transactions": {"txid": "0x" + "0" * 64},
    "/v1/devnet/mine": {"blocks": 1},
    "/v1/devnet/price": {"usd_e8": SPOT},
    "/v1/devnet/fork": {"depth": 1},
}


async def refused_raw(client: Client, path: str, data: bytes) -> Json:
    answer = await client.ask("POST", path, data=data, headers={"Idempotency-Key": new_key()})
    return problem_of(answer)
