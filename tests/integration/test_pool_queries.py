"""Reading the pool: portfolio, tiers, availability, liabilities, stress, history, proof; and the settings."""

from itertools import pairwise

import pytest

from bithedge.stacks.clarity import Buffer, List, StringAscii, UInt
from bithedge.stacks.hexes import from_hex
from tests.integration.client import BTC, SPOT, Client, usd

TIERS = ["conservative", "balanced", "aggressive"]


async def test_the_pools_figures_are_the_chains(client: Client) -> None:
    await client.buy(await client.wallet())

    pool, totals = await client.get("/v1/pool"), await client.totals()

    assert pool["available_sats"] == totals["available"]
    assert pool["locked_sats"] == totals["locked"]
    assert pool["buffer_sats"] == totals["buffer"]
    assert pool["vault_sats"] == await client.vault()
    assert pool["premiums_sats"] >= totals["premiums"]
    assert pool["payouts_sats"] == totals["payouts"]
    assert not pool["closed"]


async def test_the_tiers_add_up_to_the_pool(client: Client) -> None:
    await client.buy(await client.wallet())

    pool, tiers = await client.get("/v1/pool"), (await client.get("/v1/tiers"))["items"]

    assert [tier["tier"] for tier in tiers] == TIERS
    for name in ("locked_sats", "reserved_sats", "active_policies"):
        assert sum(tier[name] for tier in tiers) == pool[name]
    for tier in tiers:
        assert tier["total_sats"] == tier["free_sats"] + tier["locked_sats"] + tier["reserved_sats"]
        assert await client.get(f"/v1/tiers/{tier['tier']}") == tier


async def test_a_sale_moves_its_tiers_utilisation(alone: Client) -> None:
    provider = await alone.wallet()
    await alone.deposit(provider, BTC)
    before = await alone.get("/v1/tiers/balanced")

    await alone.buy(await alone.wallet(), amount_sats=20_000_000, max_payout_sats=20_000_000)

    after = await alone.get("/v1/tiers/balanced")
    assert (before["utilisation_bps"], after["utilisation_bps"]) == (0, 2_000)
    assert (before["active_policies"], after["active_policies"]) == (0, 1)
    assert after["locked_sats"] == 20_000_000
    assert 0 < after["crash_bps"] <= (await alone.config())["tiers"][1]["crash_limit_bps"]


async def test_availability_names_the_largest_cover_that_a_quote_then_takes(client: Client) -> None:
    path = f"/v1/tiers/balanced/availability?kind=put&strike_usd_e8={SPOT}&tenor_blocks=1008&max_payout_sats="

    small = await client.get(path + "1000000")
    largest = small["largest_payout_sats"]
    fits, too_much = await client.get(path + str(largest)), await client.get(path + str(largest + 1))

    assert small["available"]
    assert small["code"] is None
    assert fits["available"]
    assert not too_much["available"]
    assert too_much["code"] == "insufficient_capacity"
    amount = min(largest, 1_000_000_000)
    quote = await client.quote(amount_sats=amount, max_payout_sats=amount)
    assert quote["max_payout_sats"] == amount


async def test_a_portfolio_shows_each_tier_and_its_sum(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC, "conservative")
    await client.deposit(provider, 2 * BTC, "aggressive")

    portfolio = await client.get(f"/v1/providers/{provider.address}")

    assert {account["tier"]: account["free_sats"] for account in portfolio["tiers"]} == {
        "conservative": BTC,
        "aggressive": 2 * BTC,
    }
    assert portfolio["total_sats"] == 3 * BTC
    assert portfolio["first_deposit_at"] <= portfolio["last_activity_at"]


async def test_an_address_that_never_provided_is_unknown(client: Client) -> None:
    stranger = await client.wallet()

    for below in ("", "/ledger", "/backing"):
        refused = await client.refusal_to_get(f"/v1/providers/{stranger.address}{below}")
        assert (refused["status"], refused["code"]) == (404, "unknown_provider")


async def test_the_liabilities_map_adds_up_to_what_is_locked(client: Client) -> None:
    await client.buy(await client.wallet())
    await client.buy(await client.wallet(), strike_usd_e8=usd(60_000), tenor_blocks=4_000)

    found, pool = await client.get("/v1/pool/liabilities"), await client.get("/v1/pool")

    assert sum(cell["max_payout_sats"] for cell in found["cells"]) == pool["locked_sats"]
    assert sum(cell["policies"] for cell in found["cells"]) == pool["active_policies"]
    for cell in found["cells"]:
        assert 0 <= cell["strike"] < len(found["strikes_usd_e8"])
        assert 0 <= cell["week"] < len(found["weeks"])
        assert cell["owed_now_sats"] <= cell["max_payout_sats"]


async def test_the_stress_ladder_owes_more_the_further_the_price_falls(client: Client) -> None:
    await client.buy(await client.wallet())

    stress = await client.get("/v1/pool/stress")

    points = stress["points"]
    assert stress["spot_usd_e8"] == SPOT
    assert points[0]["change_bps"] == -7_000
    assert points[-1]["change_bps"] == 10_000
    falls = [point["owed_sats"] for point in points if point["change_bps"] <= 0]
    assert all(lower >= higher for lower, higher in pairwise(falls))
    assert all(point["owed_sats"] <= stress["locked_sats"] for point in points)
    assert falls[0] > 0


async def test_the_proof_lists_reads_that_anyone_can_repeat_on_a_node(client: Client) -> None:
    await client.buy(await client.wallet())

    proof = await client.get("/v1/pool/proof")

    assert proof["equations"]
    assert all(equation["holds"] for equation in proof["equations"])
    assert all(equation["left_sats"] == equation["right_sats"] for equation in proof["equations"])
    assert proof["reads"]
    for read in proof["reads"]:
        address, name = read["contract_id"].split(".")
        answer = await client.node(
            "POST",
            f"/v2/contracts/call-read/{address}/{name}/{read['function']}",
            {"sender": address, "arguments": read["arguments"]},
        )
        assert answer["result"] == read["result"]


async def test_the_history_counts_what_went_in_and_out(client: Client) -> None:
    provider = await client.wallet()
    before = await _days(client)
    await client.deposit(provider, BTC)
    await client.withdraw(provider, BTC // 2)

    after = await _days(client)

    assert after["deposited_sats"] - before["deposited_sats"] == BTC
    assert after["withdrawn_sats"] - before["withdrawn_sats"] == BTC // 2


async def test_the_published_settings_are_those_of_the_contracts(client: Client) -> None:
    config = await client.config()

    assert config["network"] == "devnet"
    assert config["chain_id"] == 2**31
    assert config["grace_blocks"] == await client.parameter("grace")
    assert config["attestor_threshold"] == await client.parameter("attestor")
    assert config["limits"]["min_amount_sats"] == await client.parameter("min-amount")
    assert config["limits"]["min_deposit_sats"] == await client.parameter("min-deposit")
    assert config["stream_url"].endswith("/v1/stream")
    signer = await client.read(
        "policy_registry", "is-signer", StringAscii("quote"), _buffer(config["quote_public_key"])
    )
    assert signer is True
    for key in config["attestors"]:
        assert await client.read("policy_registry", "is-signer", StringAscii("attestor"), _buffer(key))


async def test_the_public_price_of_a_height_is_one_that_the_contract_takes(client: Client) -> None:
    await client.mine()
    height = await client.height()
    found = await client.priced(height)

    again = await client.get(f"/v1/oracle/attestation?height={height}")

    assert again == found
    assert found["price_usd_e8"] == SPOT
    signatures = [_buffer(one["signature"]) for one in found["attestations"]]
    assert await client.read(
        "policy_registry", "verify-attestation", UInt(SPOT), UInt(height), List.of(signatures)
    )


async def test_the_oracle_shows_the_price_and_where_it_is_from(client: Client) -> None:
    answer = await client.price(usd(64_321))

    oracle = await client.get("/v1/oracle")

    assert answer["spot_usd_e8"] == oracle["spot_usd_e8"] == usd(64_321)
    assert not oracle["stale"]
    assert not oracle["suspended"]
    assert sum(source["used"] for source in oracle["sources"]) >= 1
    assert oracle["volatilities"]
    assert all(one["volatility"] > 0 for one in oracle["volatilities"])


@pytest.mark.parametrize("interval", ["1m", "5m", "1h", "1d"])
async def test_candles_come_oldest_first_and_enclose_their_prices(client: Client, interval: str) -> None:
    candles = (await client.get(f"/v1/oracle/history?interval={interval}"))["items"]

    assert len(candles) <= 1_000
    assert [candle["at"] for candle in candles] == sorted(candle["at"] for candle in candles)
    for candle in candles:
        assert candle["low_usd_e8"] <= min(candle["open_usd_e8"], candle["close_usd_e8"])
        assert candle["high_usd_e8"] >= max(candle["open_usd_e8"], candle["close_usd_e8"])


async def test_an_account_is_shown_by_the_chains_word(client: Client) -> None:
    wallet = await client.wallet(sbtc=12_345, stx=777_000_000)

    account = await client.get(f"/v1/accounts/{wallet.address}")

    assert account == {
        "address": wallet.address,
        "stx_ustx": 777_000_000,
        "sbtc_sats": 12_345,
        "nonce": 0,
        "pending": [],
    }


async def _days(client: Client) -> dict[str, int]:
    items = (await client.get("/v1/pool/history?interval=1d"))["items"]
    return {name: sum(item[name] for item in items) for name in ("deposited_sats", "withdrawn_sats")}


def _buffer(text: str) -> Buffer:
    return Buffer(from_hex(text))
