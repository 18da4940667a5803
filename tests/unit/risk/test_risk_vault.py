from bithedge.domain.ids import Address
from bithedge.risk.vault import Vault, VaultRules

PROVIDER, OTHER, TREASURY = Address("provider"), Address("other"), Address("treasury")
BTC = 100_000_000


def a_vault(**rules: int) -> Vault:
    vault = Vault(VaultRules(**rules))
    vault.deposit(PROVIDER, BTC)
    vault.deposit(OTHER, 9 * BTC)
    return vault


def test_a_sale_locks_collateral_and_counts_the_fee_as_the_treasurys_deposit() -> None:
    vault = a_vault()

    totals = vault.sell(premium=1_050, fee=50, collateral=100_000, treasury=TREASURY)

    assert (totals.available, totals.locked) == (10 * BTC + 1_050 - 100_000, 100_000)
    assert (totals.premiums, totals.deposited) == (1_000, 10 * BTC + 50)
    assert vault.limits(TREASURY, 1).principal == 50


def test_a_settlement_pays_and_lets_the_rest_go() -> None:
    vault = a_vault()
    vault.sell(premium=1_050, fee=50, collateral=100_000, treasury=TREASURY)

    totals = vault.settle(payout=30_000, collateral=100_000)

    assert (totals.locked, totals.payouts) == (0, 30_000)
    assert vault.held == 10 * BTC + 1_050 - 30_000


def test_a_window_lets_out_a_quarter_of_the_vault_and_the_next_one_again() -> None:
    vault = a_vault()
    assert vault.limits(OTHER, 144).outflow == 10 * BTC // 4

    vault.withdraw(OTHER, BTC, 145)

    # The window's own outflow still counts as part of the vault.
    assert vault.limits(PROVIDER, 287).outflow == 10 * BTC // 4 - BTC
    assert vault.limits(PROVIDER, 288).outflow == 9 * BTC // 4


def test_a_provider_takes_out_at_most_twice_its_deposits() -> None:
    vault = a_vault()
    vault.withdraw(PROVIDER, BTC // 4, 1)

    limits = vault.limits(PROVIDER, 1)

    assert limits.principal == BTC * 3 // 4
    assert limits.lifetime == 2 * BTC - BTC // 4


def test_profits_have_a_smaller_window_of_their_own() -> None:
    vault = a_vault()
    vault.withdraw(PROVIDER, BTC + 5_000_000, 1)

    assert vault.limits(OTHER, 1).profit == 10 * BTC * 2 // 100 - 5_000_000
    assert vault.limits(PROVIDER, 1).principal == 0


def test_the_last_coins_can_always_leave() -> None:
    vault = Vault(VaultRules())
    vault.deposit(PROVIDER, 1_200_000)

    assert vault.limits(PROVIDER, 1).outflow == 1_000_000
