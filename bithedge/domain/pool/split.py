"""Whole sats divided among many, so that the parts add up to the sat."""

from collections.abc import Sequence


def split(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Return `amount` divided in proportion to `weights`, by largest remainder.

    Each part is its exact share rounded down or up; equal remainders favour the earlier part. Dividing one
    weight in two gains its holder at most 1 sat. Weights that are all zero count as equal.
    """
    if not weights:
        return ()
    total = sum(weights)
    if total == 0:
        return split(amount, (1,) * len(weights))
    parts = [amount * weight // total for weight in weights]
    left = amount - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda index: (-(amount * weights[index] % total), index))
    for index in by_remainder[:left]:
        parts[index] += 1
    return tuple(parts)


def split_within(amount: int, weights: Sequence[int], rooms: Sequence[int]) -> tuple[int, ...]:
    """Return `amount` divided in proportion to `weights`, no part above its room.

    Parts that would pass their room get exactly it, and the others share the rest. The rooms must add up to
    `amount` at least.
    """
    parts = [0] * len(weights)
    active = list(range(len(weights)))
    left = amount
    while active:
        shares = split(left, [weights[index] for index in active])
        full = [index for index, share in zip(active, shares, strict=True) if share > rooms[index]]
        if not full:
            for index, share in zip(active, shares, strict=True):
                parts[index] = share
            break
        for index in full:
            parts[index] = rooms[index]
            left -= rooms[index]
        active = [index for index in active if index not in set(full)]
    return tuple(parts)
