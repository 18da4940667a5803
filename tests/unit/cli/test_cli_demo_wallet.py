from collections.abc import Mapping

import pytest

from bithedge.cli.demo.wallet import Wallet, WalletError
from bithedge.cli.demo.wire import Contracts, Message, Prepared
from bithedge.stacks.clarity import ClarityValue, Principal, StringAscii, Tuple, UInt, serialise_hex
from bithedge.stacks.hexes import from_hex, to_hex
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.post_conditions import Asset, FungibleCode, FungibleCondition, PostConditionMode
from bithedge.stacks.signatures import recover_key
from bithedge.stacks.signing import verify_transaction
from bithedge.stacks.sip018 import domain, structured_digest
from bithedge.stacks.transactions import contract_call, deserialise_transaction, serialise_transaction

KEY, OTHER_KEY = PrivateKey(b"\x01" * 32), PrivateKey(b"\x02" * 32)
DEPLOYER = OTHER_KEY.address(Network.DEVNET)
TOKEN = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token"  # noqa: S105 - an asset's id
CONTRACTS = Contracts(f"{DEPLOYER}.policy-registry", f"{DEPLOYER}.liquidity-pool", TOKEN)
WALLET = Wallet("Hans", KEY, Network.DEVNET, CONTRACTS)
FIELDS = {"amount-sats": UInt(7), "tier": StringAscii("balanced")}


def a_message(network: Network = Network.DEVNET, **changes: ClarityValue) -> Message:
    content: Mapping[str, ClarityValue] = {
        "kind": StringAscii("command"),
        "contract": Principal.parse(CONTRACTS.policy_registry),
        "action": StringAscii("request-withdrawal"),
        "address": Principal.parse(WALLET.address),
        **FIELDS,
        **changes,
    }
    message = Tuple.of(content)
    return Message(
        message_id="m_" + "00" * 16,
        domain=serialise_hex(domain(network)),
        message=serialise_hex(message),
        digest=to_hex(structured_digest(domain(network), message)),
    )


def a_deposit(
    *,
    contract: str = CONTRACTS.liquidity_pool,
    function: str = "deposit-funds",
    sends: int = 7,
    asset: str = f"{TOKEN}::sbtc-token",
    code: FungibleCode = FungibleCode.EQUAL,
    mode: PostConditionMode = PostConditionMode.DENY,
    network: Network = Network.DEVNET,
) -> Prepared:
    transaction = contract_call(
        network,
        sender=KEY.address(network),
        nonce=3,
        fee=3_000,
        contract=contract,
        function=function,
        post_conditions=[FungibleCondition(Principal.parse(WALLET.address), Asset.parse(asset), code, sends)],
        mode=mode,
    )
    return Prepared(contract, function, 3, 3_000, to_hex(serialise_transaction(transaction)))


def test_a_command_is_signed_over_the_digest_of_its_message() -> None:
    message = a_message()

    signed = WALLET.sign_command(message, "request-withdrawal", FIELDS)

    assert signed["message_id"] == message.message_id
    assert recover_key(from_hex(message.digest), from_hex(signed["signature"])) == KEY.public_key


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (a_message(address=Principal.parse(DEPLOYER)), "address"),
        (a_message(action=StringAscii("set-exit")), "action"),
        (a_message(contract=Principal.parse(CONTRACTS.liquidity_pool)), "contract"),
        (a_message(kind=StringAscii("voucher")), "kind"),
        (a_message(tier=StringAscii("aggressive")), "tier"),
        (a_message(**{"amount-sats": UInt(8)}), "amount-sats"),
        (a_message(Network.MAINNET), "domain"),
    ],
)
def test_a_message_that_says_something_else_is_not_signed(message: Message, what: str) -> None:
    with pytest.raises(WalletError, match=what):
        WALLET.sign_command(message, "request-withdrawal", FIELDS)


def test_a_digest_of_another_message_is_not_signed() -> None:
    message = a_message()
    forged = Message(message.message_id, message.domain, message.message, "0x" + "00" * 32)

    with pytest.raises(WalletError, match="digest"):
        WALLET.sign_command(forged, "request-withdrawal", FIELDS)


def test_a_call_that_moves_what_was_agreed_is_signed() -> None:
    raw = WALLET.sign_call(a_deposit(), "deposit-funds", pays_sats=7)

    transaction = deserialise_transaction(from_hex(raw))
    verify_transaction(transaction)
    assert (transaction.sender, transaction.nonce, transaction.fee) == (WALLET.address, 3, 3_000)


@pytest.mark.parametrize(
    "prepared",
    [
        a_deposit(contract=CONTRACTS.policy_registry),
        a_deposit(function="buy-policy"),
        a_deposit(sends=8),
        a_deposit(asset=f"{DEPLOYER}.other-token::sbtc-token"),
        a_deposit(code=FungibleCode.LESS_EQUAL),
        a_deposit(mode=PostConditionMode.ALLOW),
    ],
)
def test_a_call_that_does_or_moves_something_else_is_not_signed(prepared: Prepared) -> None:
    with pytest.raises(WalletError):
        WALLET.sign_call(prepared, "deposit-funds", pays_sats=7)


def test_a_call_of_another_network_is_not_signed() -> None:
    with pytest.raises(WalletError, match="devnet"):
        WALLET.sign_call(a_deposit(network=Network.MAINNET), "deposit-funds", pays_sats=7)
