import pytest

from bithedge.http.buckets import Buckets


def taken(buckets: Buckets, client: str, now: float, times: int) -> int:
    return sum(buckets.take(client, now) == 0 for _ in range(times))


def test_a_burst_is_let_through_at_once_and_no_more() -> None:
    buckets = Buckets(rate_per_s=50, burst=300)

    assert taken(buckets, "a", 100.0, 400) == 300


def test_after_the_burst_the_rate_holds() -> None:
    buckets = Buckets(rate_per_s=50, burst=300)
    taken(buckets, "a", 100.0, 300)

    assert taken(buckets, "a", 101.0, 100) == 50
    assert taken(buckets, "a", 200.0, 400) == 300


def test_who_is_refused_hears_when_there_is_a_token_and_loses_none() -> None:
    buckets = Buckets(rate_per_s=10, burst=1)
    buckets.take("a", 0.0)

    assert buckets.take("a", 0.0) == pytest.approx(0.1)
    assert buckets.take("a", 0.05) == pytest.approx(0.05)
    assert buckets.take("a", 0.11) == 0


def test_nobody_spends_anothers_tokens() -> None:
    buckets = Buckets(rate_per_s=1, burst=1)
    taken(buckets, "a", 0.0, 5)

    assert buckets.take("b", 0.0) == 0


def test_clients_are_forgotten_once_their_buckets_are_full() -> None:
    buckets = Buckets(rate_per_s=1, burst=2)
    for client in ("a", "b", "c"):
        buckets.take(client, 0.0)

    buckets.take("d", 100.0)

    assert len(buckets) == 1


def test_a_flood_of_clients_is_bounded() -> None:
    buckets = Buckets(rate_per_s=1, burst=2, clients_max=10)

    for client in range(1_000):
        buckets.take(str(client), 0.0)

    assert len(buckets) == 10
