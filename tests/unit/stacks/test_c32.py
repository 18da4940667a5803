import pytest

from bithedge.stacks.c32 import decode_address, encode_address
from bithedge.stacks.errors import AddressError

DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"


def test_an_address_says_its_version_and_hash_and_is_spelt_back() -> None:
    version, hash160 = decode_address(DEPLOYER)

    assert version == 26
    assert hash160.hex() == "6d78de7b0625dfbfc16c3a8a5735f6dc3dc3f2ce"
    assert encode_address(version, hash160) == DEPLOYER


def test_the_burn_address_has_twenty_zeros() -> None:
    assert encode_address(22, bytes(20)) == "SP000000000000000000002Q6VF78"
    assert decode_address("SP000000000000000000002Q6VF78") == (22, bytes(20))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "S",
        DEPLOYER.lower(),
        DEPLOYER[:-1],
        DEPLOYER + "0",
        "X" + DEPLOYER[1:],
        DEPLOYER[:-1] + "N",
        DEPLOYER[:10] + "O" + DEPLOYER[11:],
        DEPLOYER[:2] + "L" + DEPLOYER[3:],
        DEPLOYER + ".pool",
        " " + DEPLOYER,
        DEPLOYER + "\n",
        "ST" + "Z" * 39,
        "ST" + "Z" * 26,
        "ST0" + DEPLOYER[2:],
    ],
)
def test_what_is_no_canonical_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError) as refused:
        decode_address(text)

    assert refused.value.code == "malformed_address"


def test_every_mistyped_character_is_found() -> None:
    for place in range(2, len(DEPLOYER)):
        other = "0" if DEPLOYER[place] != "0" else "1"
        with pytest.raises(AddressError):
            decode_address(DEPLOYER[:place] + other + DEPLOYER[place + 1 :])


@pytest.mark.parametrize(("version", "size"), [(-1, 20), (32, 20), (26, 19), (26, 21)])
def test_versions_and_hashes_out_of_range_make_no_address(version: int, size: int) -> None:
    with pytest.raises(AddressError):
        encode_address(version, bytes(size))
