import pytest
from test_facts import DEPLOYMENT, OWNER

from bithedge.domain.errors import InvalidSignatureError
from bithedge.domain.ids import Address, Hex, PolicyNumber, hexed, quote_id
from bithedge.domain.money import Height, Sats, UsdE8, Ustx
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Exercise
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.protocol.calls import SignedPrice, buy_policy, deposit_funds, release_collateral, settle_policy
from bithedge.protocol.prepared import prepare
from bithedge.protocol.signing import Authorisation, command_of, verified_signature
from bithedge.stacks.clarity import NONE
from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.messages import ReservePolicy, command_id
from bithedge.stacks.networks import Network
from bithedge.stacks.payloads import ContractCall
from bithedge.stacks.post_conditions import FungibleCode, FungibleCondition, PostConditionMode
from bithedge.stacks.transactions import deserialise_transaction

KEY = PrivateKey(b"\x11" * 32)
ADDRESS = Address(KEY.address(Network.DEVNET))
TERMS = Terms(
    quote_id=quote_id(b"\x01" * 16),
    owner=ADDRESS,
    kind=Kind.PUT,
    strike=UsdE8(6_000_000_000_000),
    amount=Sats(10_000_000),
    max_payout=Sats(5_000_000),
    premium=Sats(300_000),
    fee=Sats(15_000),
    tier=Tier.BALANCED,
    expiry=Height(244),
    valid_until=Height(102),
    valid_until_s=1_800_000_000,
)
READING = SignedPrice(price=UsdE8(6_500_000_000_000), height=Height(100), signatures=(Hex("0x" + "ab" * 65),))


def test_a_prepared_purchase_is_what_its_fields_say() -> None:
    call = buy_policy(DEPLOYMENT, TERMS, [Hex("0x" + "cd" * 65)], READING)

    prepared = prepare(DEPLOYMENT, call, sender=ADDRESS, nonce=7, fee=Ustx(3_000))

    transaction = deserialise_transaction(from_hex(prepared.unsigned))
    payload = transaction.payload
    assert isinstance(payload, ContractCall)
    assert (str(payload.contract), payload.function) == (DEPLOYMENT.pool, "buy-policy")
    assert tuple(payload.arguments) == tuple(deserialise_hex(argument) for argument in prepared.arguments)
    assert (transaction.sender, transaction.nonce, transaction.fee) == (ADDRESS, 7, 3_000)
    assert transaction.post_condition_mode is PostConditionMode.DENY


def test_a_purchase_sends_exactly_the_premium_and_nothing_else() -> None:
    call = buy_policy(DEPLOYMENT, TERMS, [], READING)

    transaction = deserialise_transaction(
        from_hex(prepare(DEPLOYMENT, call, sender=ADDRESS, nonce=0, fee=Ustx(3_000)).unsigned)
    )

    (condition,) = transaction.post_conditions
    assert isinstance(condition, FungibleCondition)
    assert (str(condition.principal), condition.code) == (ADDRESS, FungibleCode.EQUAL)
    assert condition.amount == TERMS.premium
    assert str(condition.asset) == DEPLOYMENT.sbtc_asset


def test_a_settlement_lets_the_pool_send_exactly_the_payout() -> None:
    call = settle_policy(DEPLOYMENT, PolicyNumber(7), READING, Sats(123_456))

    transaction = deserialise_transaction(
        from_hex(prepare(DEPLOYMENT, call, sender=ADDRESS, nonce=0, fee=Ustx(3_000)).unsigned)
    )

    (condition,) = transaction.post_conditions
    assert isinstance(condition, FungibleCondition)
    assert (str(condition.principal), condition.amount) == (DEPLOYMENT.pool, 123_456)


def test_only_an_owners_exercise_carries_an_order() -> None:
    order = Exercise(
        command_id=Hex("0x" + "02" * 16),
        min_payout=Sats(1),
        valid_until_s=1_800_000_000,
        signature=Hex("0x" + "00" * 65),
    )

    with_order = settle_policy(DEPLOYMENT, PolicyNumber(7), READING, Sats(1), order)
    without = settle_policy(DEPLOYMENT, PolicyNumber(7), READING, Sats(1))

    assert deserialise_hex(without.arguments[4]) == NONE
    assert deserialise_hex(with_order.arguments[4]) != NONE


def test_a_release_moves_nothing_out_of_the_vault() -> None:
    assert release_collateral([PolicyNumber(1)], READING).post_conditions == ()
    assert deserialise_hex(release_collateral([PolicyNumber(1)], None).arguments[1]) == NONE


def test_a_deposit_is_bounded_by_what_the_provider_gives() -> None:
    call = deposit_funds(DEPLOYMENT, OWNER, Sats(50_000), Tier.AGGRESSIVE)

    assert call.function == "deposit-funds"
    assert len(call.post_conditions) == 1


def _signed(
    key: PrivateKey, address: Address = ADDRESS, quote: bytes = b"\x01" * 16
) -> tuple[object, Authorisation]:
    named = command_id(1_800_000_000, b"\x05" * 11)
    command = command_of(DEPLOYMENT, address, named, ReservePolicy(quote_id=quote))
    signature = key.sign(command.digest(DEPLOYMENT.network))
    return command, Authorisation(
        message_id="m_" + named.hex(), signature=hexed(signature), public_key=hexed(key.public_key)
    )


def test_the_owners_signature_over_this_very_command_is_taken() -> None:
    command, authorisation = _signed(KEY)

    assert verified_signature(DEPLOYMENT, command, authorisation) == authorisation.signature  # type: ignore[arg-type]


def test_a_wallets_high_recovery_id_is_brought_into_the_chains_form() -> None:
    command, authorisation = _signed(KEY)
    raw = bytearray(from_hex(authorisation.signature))
    raw[64] += 27
    of_wallet = Authorisation(
        message_id=authorisation.message_id, signature=hexed(bytes(raw)), public_key=authorisation.public_key
    )

    assert verified_signature(DEPLOYMENT, command, of_wallet) == authorisation.signature  # type: ignore[arg-type]


def test_a_signature_over_another_quote_is_refused() -> None:
    command, _ = _signed(KEY)
    _, other = _signed(KEY, quote=b"\x02" * 16)

    with pytest.raises(InvalidSignatureError):
        verified_signature(DEPLOYMENT, command, other)  # type: ignore[arg-type]


def test_a_strangers_key_is_told_whose_it_is() -> None:
    stranger = PrivateKey(b"\x22" * 32)
    command, authorisation = _signed(stranger)

    with pytest.raises(InvalidSignatureError) as refused:
        verified_signature(DEPLOYMENT, command, authorisation)  # type: ignore[arg-type]

    assert stranger.address(Network.DEVNET) in refused.value.message
