import socket

import pytest

from bithedge.cli.exits import Exit, PortTakenError
from bithedge.cli.ports import HeldPort, hold_doors

HERE = "127.0.0.1"


def listening() -> socket.socket:
    return socket.create_server((HERE, 0))


def test_a_free_port_has_its_number_before_anybody_listens() -> None:
    held = HeldPort.hold("http.port", HERE, 0)

    assert held.number > 0
    held.release()
    with socket.create_server((HERE, held.number)):
        pass


def test_a_taken_port_is_told_with_its_name_and_is_a_fault_of_the_settings() -> None:
    with listening() as taken, pytest.raises(PortTakenError, match=r"http\.port.*in use") as refused:
        HeldPort.hold("http.port", HERE, taken.getsockname()[1])

    assert refused.value.exit_code is Exit.CONFIGURATION


def test_a_host_that_is_none_is_told_in_the_same_way() -> None:
    with pytest.raises(PortTakenError, match=r"no\.such\.host\.invalid"):
        HeldPort.hold("http.port", "no.such.host.invalid", 0)


def test_where_the_second_port_is_taken_the_first_is_given_up_too() -> None:
    first = HeldPort.hold("http.port", HERE, 0)
    first.release()

    with listening() as taken, pytest.raises(PortTakenError):
        hold_doors((HERE, first.number), (HERE, taken.getsockname()[1]))

    HeldPort.hold("http.port", HERE, first.number).release()


def test_the_two_ports_are_held_together_and_tell_their_urls() -> None:
    doors = hold_doors((HERE, 0), ("0.0.0.0", 0))  # noqa: S104 - bound for a moment, nobody listens

    assert doors.http_url == f"http://127.0.0.1:{doors.http.number}"
    assert doors.stream_url == f"ws://127.0.0.1:{doors.stream.number}/v1/stream"
    assert f"http://localhost:{doors.http.number}" in doors.own_origins()
    doors.release()


def test_a_host_with_a_name_of_its_own_is_an_origin_too() -> None:
    doors = hold_doors(("localhost", 0), (HERE, 0))

    assert len(set(doors.own_origins())) == len(doors.own_origins())
    assert all(origin.endswith(f":{doors.http.number}") for origin in doors.own_origins())
    doors.release()
