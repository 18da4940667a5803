"""The books meet the chain's totals after everything that moves money, and say at which height."""

from bithedge.stacks.clarity import NONE, Principal, StringAscii, UInt
from bithedge.stacks.post_conditions import PostConditionMode
from bithedge.stacks.transactions import contract_call
from tests.integration.client import BTC, Client, usd
from tests.integration.wallet import NETWORK

FALLEN = usd(58_000)


async def reconciled(client: Client, why: str) -> None:
    """Check the books against the chain, sum by sum."""
    await client.caught_up()
    height = await client.height()
    pool = await client.until(
        "/v1/pool", lambda pool: pool["reconciled"] and pool["reconciled_height"] == height, mining=False
    )
    totals = await client.totals()
    for bucket in ("available", "locked", "buffer"):
        assert pool[f"{bucket}_sats"] == totals[bucket], why
    assert pool["vault_sats"] == await client.vault(), why
    assert pool["payouts_sats"] == totals["payouts"], why


async def test_the_books_meet_the_chain_after_each_step_of_a_life(alone: Client) -> None:
    provider, owner, late = [await alone.wallet() for _ in range(3)]

    await alone.deposit(provider, BTC)
    await reconciled(alone, "a deposit")
    exercised = await alone.buy(owner)
    await reconciled(alone, "a purchase")
    ended = await alone.buy(owner, tenor_blocks=144, strike_usd_e8=usd(50_000))
    await alone.deposit(late, BTC)
    await alone.mine()
    await alone.price(FALLEN)
    await alone.activate(owner, exercised)
    await alone.wait_policy(exercised["quote_id"], "settled")
    await reconciled(alone, "a settlement")
    await alone.withdraw(late, BTC)
    await reconciled(alone, "a withdrawal")
    await alone.mine_to(ended["expiry_height"] + 13)
    await alone.wait_policy(ended["quote_id"], "expired")
    await reconciled(alone, "a release")

    await alone.withdraw(provider, (await alone.account(provider))["withdrawable_sats"])

    await reconciled(alone, "the last withdrawal")
    totals = await alone.totals()
    fees = exercised["fee_sats"] + ended["fee_sats"]
    assert totals["available"] == await alone.vault() == fees
    assert totals["locked"] == 0


async def test_the_books_of_all_providers_and_the_treasury_are_the_vault(alone: Client) -> None:
    providers = [await alone.wallet() for _ in range(3)]
    for number, provider in enumerate(providers, start=1):
        await alone.deposit(provider, number * BTC)
    owner = await alone.wallet()
    policy = await alone.buy(owner, max_payout_sats=9_999_999)
    await alone.mine()
    await alone.price(FALLEN)
    await alone.activate(owner, policy)
    await alone.wait_policy(policy["quote_id"], "settled")

    portfolios = [await alone.get(f"/v1/providers/{provider.address}") for provider in providers]

    whose = await alone.read("policy_registry", "get-principal", StringAscii("treasury"))
    treasury = await alone.get(f"/v1/providers/{whose}")
    assert sum(one["total_sats"] for one in portfolios) + treasury["total_sats"] == await alone.vault()
    assert treasury["total_sats"] == policy["fee_sats"]


async def test_a_donation_breaks_nothing(alone: Client) -> None:
    provider, donor = await alone.wallet(), await alone.wallet()
    await alone.deposit(provider, BTC)
    contracts = (await alone.config())["contracts"]
    gift = contract_call(
        NETWORK,
        sender=donor.address,
        nonce=0,
        fee=3_000,
        contract=contracts["sbtc_token"],
        function="transfer",
        arguments=[
            UInt(12_345),
            Principal.parse(donor.address),
            Principal.parse(contracts["liquidity_pool"]),
            NONE,
        ],
        mode=PostConditionMode.ALLOW,
    )
    raw = donor.sign_transaction(gift).raw
    await alone.node("POST", "/v2/transactions", {"tx": raw.hex(), "attachment": None})

    await alone.mine(2)

    pool = await alone.until("/v1/pool", lambda one: one["reconciled"], mining=False)
    assert await alone.vault() == BTC + 12_345
    assert pool["available_sats"] == (await alone.totals())["available"] == BTC
    assert pool["pauses"] == []
    await alone.buy(await alone.wallet())
