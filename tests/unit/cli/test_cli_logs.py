import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from actors.runtime import correlated
from bithedge.logs import configure_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    configure_logs(stream)
    return stream


class Closed(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def fail_holding(secret: str) -> None:
    raise ValueError(len(secret))


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_and_event_first(out: io.StringIO) -> None:
    structlog.get_logger().info("PolicySettled", payout_sats=7)

    (line,) = lines(out)
    assert list(line) == ["at", "level", "event", "payout_sats"]
    assert line["event"] == "PolicySettled"
    assert str(line["at"]).endswith("Z")


def test_what_is_bound_to_the_context_stands_in_the_line(out: io.StringIO) -> None:
    with correlated("r-1"), structlog.contextvars.bound_contextvars(actor="pool"):
        structlog.get_logger().warning("pool.slow")
    with correlated(""):
        structlog.get_logger().warning("pool.slow")

    inside, outside = lines(out)
    assert (inside["correlation_id"], inside["actor"]) == ("r-1", "pool")
    assert "correlation_id" not in outside


def test_single_messages_are_not_told(out: io.StringIO) -> None:
    structlog.get_logger().debug("message.handled")

    assert out.getvalue() == ""


def test_a_traceback_does_not_show_the_values_of_variables(out: io.StringIO) -> None:
    try:
        fail_holding("hush" * 2)
    except ValueError:
        structlog.get_logger().exception("actor.failed")

    assert "ValueError: 8" in str(lines(out)[0]["exception"])
    assert "hushhush" not in out.getvalue()


def test_for_people_a_traceback_does_not_show_them_either() -> None:
    stream = io.StringIO()
    configure_logs(stream, pretty=True)
    try:
        fail_holding("hush" * 2)
    except ValueError:
        structlog.get_logger().exception("actor.failed")

    assert "ValueError" in stream.getvalue()
    assert "hushhush" not in stream.getvalue()


def test_a_librarys_sentence_comes_in_the_same_form(out: io.StringIO) -> None:
    logging.getLogger("aiohttp.server").error("Error handling %s", "request")
    logging.getLogger("websockets.server").info("connection open")

    (line,) = lines(out)
    assert line["event"] == "library.said"
    assert (line["library"], line["message"]) == ("aiohttp.server", "Error handling request")


def test_a_log_that_nobody_reads_any_more_does_not_fail_its_writer() -> None:
    configure_logs(Closed())

    structlog.get_logger().info("PolicySettled")
    logging.getLogger("aiohttp.server").error("gone")
