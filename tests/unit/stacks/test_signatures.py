import pytest

from bithedge.stacks.errors import SignatureError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.signatures import normalise_signature, recover_key, rsv_of, vrs_of

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = PrivateKey(b"\x05" * 32)
DIGEST = b"\x42" * 32
SIGNATURE = KEY.sign(DIGEST)


def twin_of(signature: bytes) -> bytes:
    high = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + high.to_bytes(32, "big") + bytes((signature[64] ^ 1,))


def test_a_signature_names_its_key_and_is_always_the_same() -> None:
    assert recover_key(DIGEST, SIGNATURE) == KEY.public_key
    assert KEY.sign(DIGEST) == SIGNATURE
    assert recover_key(b"\x43" * 32, SIGNATURE) != KEY.public_key


def test_signatures_of_many_digests_are_of_low_s_and_recover() -> None:
    for number in range(200):
        digest = number.to_bytes(32, "big")
        signature = KEY.sign(digest)
        assert normalise_signature(signature) == signature
        assert recover_key(digest, signature) == KEY.public_key


@pytest.mark.parametrize("offset", [0, 27])
@pytest.mark.parametrize("high", [False, True])
def test_every_form_that_wallets_give_becomes_the_one_the_contracts_take(*, offset: int, high: bool) -> None:
    given = twin_of(SIGNATURE) if high else SIGNATURE
    given = given[:64] + bytes((given[64] + offset,))

    assert normalise_signature(given) == SIGNATURE


def test_the_high_s_twin_is_refused_until_it_is_normalised() -> None:
    with pytest.raises(SignatureError, match="half the order"):
        recover_key(DIGEST, twin_of(SIGNATURE))


@pytest.mark.parametrize("v", [4, 26, 31, 255])
def test_a_v_that_no_wallet_gives_is_refused(v: int) -> None:
    with pytest.raises(SignatureError):
        normalise_signature(SIGNATURE[:64] + bytes((v,)))
    with pytest.raises(SignatureError):
        recover_key(DIGEST, SIGNATURE[:64] + bytes((v,)))


@pytest.mark.parametrize(
    "signature",
    [b"", SIGNATURE[:64], SIGNATURE + b"\x00", bytes(65), b"\xff" * 32 + bytes(33), b"\x05" * 64 + b"\x02"],
)
def test_rubbish_is_of_no_key(signature: bytes) -> None:
    with pytest.raises(SignatureError):
        recover_key(DIGEST, signature)


def test_a_digest_of_another_length_is_refused() -> None:
    with pytest.raises(SignatureError):
        recover_key(DIGEST[:31], SIGNATURE)


def test_transactions_carry_v_in_front() -> None:
    assert vrs_of(SIGNATURE) == SIGNATURE[64:] + SIGNATURE[:64]
    assert rsv_of(vrs_of(SIGNATURE)) == SIGNATURE
