import random

import pytest

from bithedge.stacks.clarity import (
    MAX_DEPTH,
    NONE,
    Bool,
    Buffer,
    Err,
    Int,
    List,
    Ok,
    Principal,
    Some,
    StringAscii,
    StringUtf8,
    Tuple,
    UInt,
    serialise,
    serialise_hex,
)
from bithedge.stacks.clarity_python import (
    Outcome,
    as_bool,
    as_bytes,
    as_int,
    as_list,
    as_ok,
    as_optional,
    as_principal,
    as_text,
    as_tuple,
    as_uint,
    to_python,
)
from bithedge.stacks.clarity_reader import deserialise, deserialise_hex
from bithedge.stacks.errors import AddressError, ClarityError, StacksError
from bithedge.stacks.networks import Network

ADDRESS = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"


def test_a_tuples_keys_stand_in_byte_order_not_in_a_languages() -> None:
    value = Tuple.of({"b": UInt(1), "Z": UInt(2), "a?": UInt(3), "a": UInt(4), "a-b": UInt(5)})

    assert [name for name, _ in value.entries] == ["Z", "a", "a-b", "a?", "b"]
    assert deserialise(serialise(value)) == value


def test_an_integer_outside_128_bits_is_refused() -> None:
    assert UInt(2**128 - 1)
    assert Int(-(2**127))
    for make, figure in ((UInt, -1), (UInt, 2**128), (Int, 2**127), (Int, -(2**127) - 1)):
        with pytest.raises(ClarityError):
            make(figure)


def test_values_of_different_kinds_are_never_equal() -> None:
    assert UInt(1) != Int(1)
    assert StringAscii("a") != StringUtf8("a")
    assert Some(UInt(1)) != Ok(UInt(1))


@pytest.mark.parametrize("text", ["é", "\x00", "\x7f", "\x1b"])
def test_a_string_ascii_takes_printable_characters_and_white_space_only(text: str) -> None:
    assert StringAscii("a b\n\t~")
    with pytest.raises(ClarityError):
        StringAscii(text)


def test_half_a_surrogate_pair_is_no_string() -> None:
    with pytest.raises(ClarityError):
        StringUtf8("a\ud800")


@pytest.mark.parametrize(
    ("digits", "why"),
    [
        ("", "nothing"),
        ("0f", "no kind"),
        ("01" + "00" * 15, "cut short"),
        ("01" + "00" * 17, "followed by more"),
        ("0200000005" + "00" * 4, "a buffer longer than what was sent"),
        ("02ffffffff", "a count that would take 4 GB"),
        ("0bffffffff", "likewise"),
        ("0cffffffff" + "00" * 9, "likewise"),
        ("0d00000001ff", "no ASCII"),
        ("0e00000001ff", "no UTF-8"),
        ("0c00000002016203016103", "keys out of order"),
        ("0c00000002016103016103", "a key twice"),
        ("0c00000001013103", "a key that is no name"),
        ("0520" + "00" * 20, "an address version above 31"),
        ("061a" + "00" * 20 + "00", "a contract without a name"),
        ("061a" + "00" * 20 + "0131", "a contract whose name begins with a digit"),
    ],
)
def test_bytes_that_are_no_canonical_value_are_refused(digits: str, why: str) -> None:
    assert why
    with pytest.raises((ClarityError, AddressError)):
        deserialise(bytes.fromhex(digits))


def test_values_may_nest_as_deep_as_the_vm_allows_and_no_deeper() -> None:
    deep = b"\x0a" * (MAX_DEPTH - 1) + b"\x09"

    assert serialise(deserialise(deep)) == deep
    with pytest.raises(ClarityError):
        deserialise(b"\x0a" + deep)
    with pytest.raises(ClarityError):
        deserialise(b"\x0a" * 100_000)


def test_a_value_above_the_vms_size_is_refused_both_ways() -> None:
    with pytest.raises(ClarityError):
        serialise(Buffer(bytes(2**20 + 1)))
    with pytest.raises(ClarityError):
        deserialise(b"\x02" + (2**20 + 1).to_bytes(4, "big") + bytes(2**20 + 1))


def test_whatever_is_read_from_random_bytes_is_written_back_the_same() -> None:
    chance = random.Random(11)
    read = 0
    for _ in range(20_000):
        data = bytes((chance.randrange(15),)) + chance.randbytes(chance.choice((0, 4, 16, 21)))
        try:
            value = deserialise(data)
        except StacksError:
            continue
        read += 1
        assert serialise(value) == data
    assert read > 500


def test_hex_is_taken_with_and_without_0x() -> None:
    assert serialise_hex(UInt(7)) == "0x01" + "00" * 15 + "07"
    assert deserialise_hex("01" + "00" * 15 + "07") == deserialise_hex(serialise_hex(UInt(7))) == UInt(7)
    for text in ("0x0", "zz", "0x 09", "09\n"):
        with pytest.raises(ClarityError):
            deserialise_hex(text)


def test_a_principal_is_an_account_or_a_contract_and_says_where_it_lives() -> None:
    contract = Principal.parse(f"{ADDRESS}.liquidity-pool")

    assert (contract.address, contract.contract_name) == (ADDRESS, "liquidity-pool")
    assert str(contract) == f"{ADDRESS}.liquidity-pool"
    assert str(Principal.parse(ADDRESS)) == ADDRESS
    assert contract.lives_on(Network.TESTNET)
    assert contract.lives_on(Network.DEVNET)
    assert not contract.lives_on(Network.MAINNET)


@pytest.mark.parametrize(
    "text", [f"{ADDRESS}.", f"{ADDRESS}.1x", f"{ADDRESS}.{'a' * 41}", f"{ADDRESS}.a.b", ".a", "pool"]
)
def test_what_names_no_contract_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        Principal.parse(text)


def test_an_account_does_not_pass_as_a_contract() -> None:
    with pytest.raises(AddressError):
        Principal.parse_contract(ADDRESS)


def test_python_comes_out_of_nested_values() -> None:
    value = Ok(
        Tuple.of(
            {
                "amount": UInt(5),
                "change": Int(-5),
                "none": NONE,
                "some": Some(Bool(value=True)),
                "owner": Principal.parse(ADDRESS),
                "ids": List.of([Buffer(b"\x01"), Buffer(b"")]),
                "text": StringUtf8("₿"),
                "failed": Err(UInt(1)),
            }
        )
    )

    assert to_python(value) == Outcome(
        ok=True,
        value={
            "amount": 5,
            "change": -5,
            "none": None,
            "some": True,
            "owner": ADDRESS,
            "ids": [b"\x01", b""],
            "text": "₿",
            "failed": Outcome(ok=False, value=1),
        },
    )


def test_each_narrowing_takes_its_own_kind_and_no_other() -> None:
    address = Principal.parse(ADDRESS)
    own = {
        as_uint: (UInt(1), 1),
        as_int: (Int(-1), -1),
        as_bool: (Bool(value=False), False),
        as_bytes: (Buffer(b"a"), b"a"),
        as_text: (StringAscii("a"), "a"),
        as_principal: (address, ADDRESS),
        as_optional: (Some(UInt(1)), UInt(1)),
        as_list: (List.of([NONE]), (NONE,)),
        as_tuple: (Tuple.of({}), Tuple.of({})),
        as_ok: (Ok(UInt(1)), UInt(1)),
    }
    for narrow, (value, expected) in own.items():
        assert narrow(value) == expected
        for other, (strange, _) in own.items():
            if other is not narrow:
                with pytest.raises(ClarityError):
                    narrow(strange)
    assert as_optional(NONE) is None
    with pytest.raises(ClarityError):
        as_ok(Err(UInt(1)))


def test_a_missing_field_is_named_with_those_there_are() -> None:
    value = Tuple.of({"price": UInt(1), "height": UInt(2)})

    assert value["price"] == UInt(1)
    assert "height" in value
    assert "owner" not in value
    with pytest.raises(ClarityError, match="no 'owner', only height, price"):
        value["owner"]
