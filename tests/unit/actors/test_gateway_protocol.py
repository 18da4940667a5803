import pytest

from actors.gateway.protocol import (
    BEAT_MS,
    MalformedOpError,
    OpError,
    UnauthorisedOpError,
    UnknownChannelError,
    UnknownOpError,
    beats_of,
    check_channel,
    id_of,
    number_of,
    read_op,
)
from bithedge.stacks.networks import Network
from tests.unit.actors.gateway_world import an_address

QUOTE = "q_" + "0a" * 16


@pytest.mark.parametrize("text", ["", "{", "{'op': 1}", "NaN", '{"op":"ping","id":1}}', "[" * 2_000])
def test_what_is_no_json_is_malformed_and_has_no_id(text: str) -> None:
    with pytest.raises(MalformedOpError) as refused:
        read_op(text)

    assert refused.value.code == "malformed_json"
    assert id_of(text) is None


@pytest.mark.parametrize(
    "text", ['{"op":"shout","id":1}', '{"id":1}', '{"op":7,"id":1}', '{"op":null,"id":1}']
)
def test_an_op_that_is_none_of_ours_is_unknown_and_keeps_its_id(text: str) -> None:
    with pytest.raises(UnknownOpError) as refused:
        read_op(text)

    assert refused.value.code == "unknown_op"
    assert id_of(text) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "7",
        '{"op":"ping"}',
        '{"op":"ping","id":"1"}',
        '{"op":"ping","id":1.5}',
        '{"op":"ping","id":1,"channels":[]}',
        '{"op":"ping","id":1,"more":0}',
        '{"op":"subscribe","id":1}',
        '{"op":"subscribe","id":1,"channels":"pool"}',
        '{"op":"subscribe","id":1,"channels":[1]}',
        '{"op":"subscribe","id":1,"channels":[],"since":{"seq":1}}',
        '{"op":"subscribe","id":1,"channels":[],"since":{"epoch":"e","seq":-1}}',
        '{"op":"subscribe","id":1,"channels":[],"since":{"epoch":"e","seq":true}}',
        '{"op":"unsubscribe","id":1,"channels":[],"since":{"epoch":"e","seq":1}}',
        '{"op":"auth","id":1,"token":7}',
        '{"op":"auth","id":1,"token":"t","channels":[]}',
    ],
)
def test_an_op_of_a_wrong_shape_fails_validation(text: str) -> None:
    with pytest.raises(OpError) as refused:
        read_op(text)

    assert refused.value.code == "validation_failed"


@pytest.mark.parametrize("text", ['{"op":"auth","id":4}', '{"op":"auth","id":4,"token":null}'])
def test_auth_without_a_token_is_unauthorised(text: str) -> None:
    with pytest.raises(UnauthorisedOpError) as refused:
        read_op(text)

    assert refused.value.code == "unauthorised"


@pytest.mark.parametrize(
    ("text", "op_id"),
    [
        ('{"op":5,"id":7}', 7),
        ('{"op":"ping","id":"7"}', None),
        ('{"op":"ping","id":true}', None),
        ("[7]", None),
    ],
)
def test_the_id_of_a_refused_op_is_told_where_it_can_be_made_out(text: str, op_id: int | None) -> None:
    assert id_of(text) == op_id


def test_a_sound_op_is_read_as_it_stands() -> None:
    op = read_op('{"op":"subscribe","id":3,"channels":["pool"],"since":{"epoch":"e","seq":9}}')

    assert (op.op, op.id, op.channels) == ("subscribe", 3, ("pool",))
    assert op.since is not None
    assert (op.since.epoch, op.since.seq) == ("e", 9)


@pytest.mark.parametrize(
    "channel",
    [
        *(
            "oracle",
            "pool",
            "tiers",
            "tier:balanced",
            "blocks",
            "policies",
            "transactions",
            "alerts",
            "operator",
        ),
        *("policy:1", f"policy:{QUOTE}", f"owner:{an_address(1)}", f"provider:{an_address(1)}"),
    ],
)
def test_every_channel_of_the_interface_is_known(channel: str) -> None:
    assert check_channel(channel, Network.DEVNET) == channel


@pytest.mark.parametrize(
    "channel",
    [
        *("", "prices", "tier:", "tier:reckless", "policy", "policy:", "policy:0", "policy:01", "policy:-1"),
        *("policy:q_1", f"policy:{QUOTE.upper()}", f"policy:{QUOTE}0", "owner:", "owner:nobody"),
        *(f"owner:{an_address(1)[:-1]}", f"owner:{an_address(1).lower()}", f"holder:{an_address(1)}"),
        *("blocks:1", "policy:٣", f"withdrawal:w_{'0' * 32}"),
    ],
)
def test_any_other_channel_is_unknown(channel: str) -> None:
    with pytest.raises(UnknownChannelError):
        check_channel(channel, Network.DEVNET)


def test_an_address_of_another_network_is_no_channel() -> None:
    ours, theirs = an_address(1, Network.TESTNET), an_address(1, Network.MAINNET)

    assert check_channel(f"owner:{theirs}", Network.MAINNET) == f"owner:{theirs}"
    assert check_channel(f"provider:{ours}", Network.DEVNET) == f"provider:{ours}"
    for address, network in ((theirs, Network.TESTNET), (ours, Network.MAINNET)):
        with pytest.raises(UnknownChannelError):
            check_channel(f"owner:{address}", network)


def test_only_a_policys_channel_can_name_a_number() -> None:
    assert number_of("policy:12") == 12
    assert number_of(f"policy:{QUOTE}") is None
    assert number_of("tier:12") is None


def test_a_heartbeats_silence_is_divided_so_that_it_comes_little_late() -> None:
    assert beats_of(15_000) * BEAT_MS == 15_000
    assert beats_of(100) == 8
