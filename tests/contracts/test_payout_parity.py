"""The daemon's payout and the contract's are one function: compared on the real VM."""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from bithedge.domain.money import MAX_PRICE, Sats, UsdE8
from bithedge.domain.payout import Kind, ceiling_price, floor_price, payout

ROOT = Path(__file__).resolve().parents[2]
MIN_AMOUNT, MAX_AMOUNT = 10_000, 100_000_000_000
RANDOM_INPUTS = 10_000


class Cover(NamedTuple):
    kind: Kind
    strike: UsdE8
    amount: Sats
    collateral: Sats


class Input(NamedTuple):
    cover: Cover
    price: UsdE8


def on_chain(inputs: list[Input]) -> list[int]:
    node = shutil.which("node")
    assert node is not None, "the contracts run on Node"
    # Numbers travel as words: JavaScript's own end at 2^53, and the greatest product here is near 2^90.
    lines = [json.dumps([cover.kind, *map(str, cover[1:]), str(price)]) for cover, price in inputs]
    done = subprocess.run(  # noqa: S603 - our own script
        (node, "contracts/tools/payouts.mjs"),
        input="\n".join(lines),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    # On a fresh checkout the SDK says here too that it wrote its plan file: a result is digits alone.
    return [int(line) for line in done.stdout.splitlines() if line.isdecimal()]


def a_cover(rng: random.Random) -> Cover:
    amount = rng.choice((rng.randint(MIN_AMOUNT, MAX_AMOUNT), rng.randint(MIN_AMOUNT, 100_000_000)))
    collateral = rng.choice((rng.randint(amount // 20, amount), amount, amount // 20))
    strike = rng.choice((rng.randint(1, MAX_PRICE), rng.randint(10**12, 2 * 10**13)))
    return Cover(rng.choice(tuple(Kind)), UsdE8(strike), Sats(amount), Sats(collateral))


def telling_prices(cover: Cover) -> list[UsdE8]:
    """Return the ends of the scale, and the prices round which the payout begins and stops to grow."""
    _, strike, amount, collateral = cover
    edge = floor_price(strike, amount, collateral)
    if cover.kind is Kind.CALL:
        edge = ceiling_price(strike, amount, collateral) or MAX_PRICE
    least = strike * amount // (amount + 1)  # the highest price at which a put owes a sat
    prices = {1, 2, MAX_PRICE - 1, MAX_PRICE}
    prices |= {price + step for price in (strike, edge, least) for step in (-1, 0, 1)}
    return [UsdE8(price) for price in sorted(prices) if 0 < price <= MAX_PRICE]


def boundary_inputs() -> list[Input]:
    strikes = (1, 2, 10**12, 6 * 10**12, MAX_PRICE - 1, MAX_PRICE)
    amounts = (MIN_AMOUNT, MIN_AMOUNT + 1, 10_000_019, MAX_AMOUNT)
    covers = [
        Cover(kind, UsdE8(strike), Sats(amount), Sats(collateral))
        for kind in Kind
        for strike in strikes
        for amount in amounts
        for collateral in (amount // 20, amount // 2, amount - 1, amount)
    ]
    return [Input(cover, price) for cover in covers for price in telling_prices(cover)]


def random_inputs() -> list[Input]:
    rng = random.Random(1_007)
    covers = [a_cover(rng) for _ in range(RANDOM_INPUTS)]
    highest = [rng.choice((min(2 * cover.strike, MAX_PRICE), MAX_PRICE)) for cover in covers]
    return [Input(cover, UsdE8(rng.randint(1, most))) for cover, most in zip(covers, highest, strict=True)]


@pytest.mark.parametrize("inputs", [boundary_inputs(), random_inputs()], ids=["boundaries", "random"])
def test_the_contract_and_the_daemon_owe_the_same_sats(inputs: list[Input]) -> None:
    expected = [payout(*cover, price) for cover, price in inputs]
    assert on_chain(inputs) == expected
    assert len({*expected}) > 30, "most of these pay something, and not all the same"
