import pytest

from bithedge.views.times import read_time, rfc3339


def test_a_time_has_milliseconds_and_ends_in_z() -> None:
    assert rfc3339(1_789_998_000_123) == "2026-09-21T13:40:00.123Z"
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"


def test_no_time_is_no_time() -> None:
    assert rfc3339(None) is None


def test_a_height_far_in_the_future_still_has_a_time() -> None:
    assert rfc3339(10**18) == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-21T13:40:00.123Z",
        "2026-09-21t13:40:00.123z",
        "2026-09-21T13:40:00.123999999Z",
        "2026-09-21T15:40:00.123+02:00",
        "2026-09-21T11:10:00.123-02:30",
    ],
)
def test_a_time_is_read_whichever_offset_it_is_given_in(text: str) -> None:
    assert read_time(text) == 1_789_998_000_123


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-09-21", "2026-09-21T13:40:00", "2026-13-21T13:40:00Z", "1789998000123"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time"):
        read_time(text)
