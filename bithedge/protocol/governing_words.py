"""What seats, roles and parameters mean, in a line each, for whoever is about to sign."""

from typing import Final

BLOCKS_A_DAY: Final = 144
MINUTES_A_BLOCK: Final = 10

_SEATS: Final = {
    "owner": "propose changes, execute them after the timelock, remove keys, and resume what is paused",
    "guardian": "pause for a limited time, void proposals, remove keys, and resume",
    "treasury": "withdraw the fees, like a provider its deposit",
    "backend": "lock and unlock the buffer, publish liabilities, and mark due policies as expired",
}
_DUTIES: Final = {
    "quote": "signs offers to sell, which the attestors' reading must stand beside",
    "voucher": "signs leave for providers to withdraw, within the limits of a window",
    "attestor": "signs the prices that policies are sold and settled at",
}
_PAUSES: Final = {
    "sales": "Sales and deposits",
    "withdrawals": "Withdrawals",
    "settlements": "Settlements",
}
_PARAMETERS: Final = {
    "quote": "how many quote keys must sign",
    "voucher": "how many voucher keys must sign",
    "attestor": "how many attestors must sign",
    "sale-age": "blocks that a reading may be old at a purchase",
    "max-age": "blocks that a reading may be old at an ordered exercise",
    "grace": "blocks after expiry before a release needs no price",
    "request-life": "blocks in which a requested exercise may be settled, and before a release with a price",
    "timelock": "blocks between a proposal and its execution",
    "max-tenor": "the longest tenor, in blocks",
    "min-amount": "the smallest amount of a policy, in sats",
    "max-amount": "the largest amount of a policy, in sats",
    "min-collateral": "the smallest collateral of a policy, in sats",
    "max-fee": "the largest fee, in bps of the premium",
    "min-deposit": "the smallest deposit, in sats",
    "window": "the length of a window, in blocks",
    "window-floor": "sats that every window lets through",
    "sale-share": "collateral that may be sold in a window, in bps of the vault",
    "outflow-share": "withdrawals in a window, in bps of the vault",
    "profit-share": "withdrawals in a window above what the leavers had put in, in bps of the vault",
    "yield-cap": "what a provider may take out above its deposits, in bps of them",
    "buffer-share": "the largest buffer, in bps of the vault",
    "silence": "blocks without a root of liabilities before the way out opens",
}


def seat_of(seat: str) -> str:
    """Return what the holder of a seat may do."""
    return _SEATS[seat]


def a_key(role: str) -> str:
    """Return a key of a role with its article."""
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role} key"


def duty_of(role: str) -> str:
    """Return what a key of a role signs."""
    return _DUTIES[role]


def pause_of(what: str) -> str:
    """Return what stops in a pause."""
    return _PAUSES[what]


def meaning_of(parameter: str) -> str:
    """Return what a parameter counts."""
    return _PARAMETERS[parameter]


def at_height(height: int, blocks: int, word: str = "from") -> str:
    """Return a burn height with how far off it is, by Bitcoin's ten minutes a block."""
    return f"{word} height {height} (in {blocks} blocks, about {_time(blocks)})"


def _time(blocks: int) -> str:
    if blocks >= 2 * BLOCKS_A_DAY:
        return f"{blocks // BLOCKS_A_DAY} days"
    minutes = blocks * MINUTES_A_BLOCK
    return f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"  # noqa: PLR2004 - two hours
