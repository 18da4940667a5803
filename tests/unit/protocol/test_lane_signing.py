import pytest

from bithedge.domain.money import Ustx
from bithedge.protocol.calls import request_exercise
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.lane_signing import LaneSigner
from bithedge.protocol.refusals import Refusal, in_words, refusal_of, wanted_fee
from bithedge.stacks.errors import TransactionRejectedError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.payloads import TokenTransfer, serialise_payload
from bithedge.stacks.signing import verify_transaction
from bithedge.stacks.transactions import deserialise_transaction

KEY = PrivateKey(bytes(31) + b"\x02")
OWN = KEY.address(Network.DEVNET)
SOMEBODY = PrivateKey(bytes(31) + b"\x01").address(Network.DEVNET)
CALL = request_exercise(1, 1)


def a_deployment(deployer: str) -> Deployment:
    return Deployment(network=Network.DEVNET, deployer=deployer, sbtc_token=f"{SOMEBODY}.sbtc-token")


def refused(reason: str, **data: object) -> TransactionRejectedError:
    return TransactionRejectedError(reason, reason_data=data, txid=None)


def test_a_call_is_signed_by_the_lanes_key_with_nonce_and_fee() -> None:
    signed = LaneSigner(a_deployment(SOMEBODY), KEY).sign(CALL, nonce=7, fee=Ustx(3_000))

    read = deserialise_transaction(signed.raw)
    verify_transaction(read)
    assert (read.sender, read.nonce, read.fee) == (OWN, 7, 3_000)


@pytest.mark.parametrize("call", [CALL, None])
def test_what_is_measured_is_what_is_signed(call: object) -> None:
    signer = LaneSigner(a_deployment(SOMEBODY), KEY)

    payload, size = signer.measure(call)

    signed = signer.sign(call, nonce=2**40, fee=Ustx(2**40))
    assert payload == serialise_payload(signed.transaction.payload)
    assert size == len(signed.raw)


@pytest.mark.parametrize(("deployer", "recipient"), [(SOMEBODY, SOMEBODY), (OWN, a_deployment(OWN).registry)])
def test_a_filler_never_goes_to_its_own_sender(deployer: str, recipient: str) -> None:
    signed = LaneSigner(a_deployment(deployer), KEY).sign(None, nonce=0, fee=Ustx(3_000))

    payload = signed.transaction.payload
    assert isinstance(payload, TokenTransfer)
    assert (str(payload.recipient), payload.amount) == (recipient, 1)


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        ("BadNonce", Refusal.RESYNC),
        ("TooMuchChaining", Refusal.CHAINED),
        ("NotEnoughFunds", Refusal.FUNDS),
        ("FeeTooLow", Refusal.FEE),
        ("ConflictingNonceInMempool", Refusal.CONFLICT),
        ("ServerFailureOther", Refusal.LATER),
        ("TemporarilyBlacklisted", Refusal.LATER),
        ("SignatureValidation", Refusal.NEVER),
        ("SomethingNew", Refusal.NEVER),
    ],
)
def test_each_refusal_asks_for_its_own_answer(reason: str, refusal: Refusal) -> None:
    assert refusal_of(refused(reason)) is refusal


def test_the_nodes_figures_and_words_are_read_where_they_are_given() -> None:
    assert wanted_fee(refused("FeeTooLow", expected=421, actual=3)) == 421
    assert wanted_fee(refused("FeeTooLow")) == 0
    assert wanted_fee(refused("FeeTooLow", expected="0x10")) == 0
    assert (
        in_words(refused("BadFunctionArgument", message="two expected"))
        == "BadFunctionArgument: two expected"
    )
    assert in_words(refused("NoSuchContract")) == "NoSuchContract"
