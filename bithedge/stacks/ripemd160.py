"""RIPEMD-160 in plain Python, for machines whose OpenSSL has none.

Source: Dobbertin, Bosselaers and Preneel, "RIPEMD-160, a strengthened version of RIPEMD" (1996).
"""

import struct
from collections.abc import Callable

_MASK = 0xFFFFFFFF
_BLOCK = 64
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)

_Mix = Callable[[int, int, int], int]
_MIXES: tuple[_Mix, ...] = (
    lambda x, y, z: x ^ y ^ z,
    lambda x, y, z: (x & y) | (~x & z),
    lambda x, y, z: (x | ~y) ^ z,
    lambda x, y, z: (x & z) | (y & ~z),
    lambda x, y, z: x ^ (y | ~z),
)

# One line a round: the order in which a round reads the 16 words, and how far each step turns.
_LEFT_WORDS = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8),
    (3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12),
    (1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2),
    (4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13),
)
_LEFT_TURNS = (
    (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8),
    (7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12),
    (11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5),
    (11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12),
    (9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6),
)
_LEFT_ADDS = (0x00000000, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_RIGHT_WORDS = (
    (5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12),
    (6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2),
    (15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13),
    (8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14),
    (12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11),
)
_RIGHT_TURNS = (
    (8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6),
    (9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11),
    (9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5),
    (15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8),
    (8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11),
)
_RIGHT_ADDS = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0x00000000)

_State = tuple[int, int, int, int, int]
_Table = tuple[tuple[int, ...], ...]


def _turn(value: int, by: int) -> int:
    value &= _MASK
    return (value << by | value >> (32 - by)) & _MASK


def _line(
    state: _State,
    words: tuple[int, ...],
    *,
    mixes: tuple[_Mix, ...],
    order: _Table,
    turns: _Table,
    adds: tuple[int, ...],
) -> _State:
    a, b, c, d, e = state
    for mix, word_order, round_turns, add in zip(mixes, order, turns, adds, strict=True):
        for word, by in zip(word_order, round_turns, strict=True):
            a, b, c, d, e = (
                e,
                (_turn(a + mix(b, c, d) + words[word] + add, by) + e) & _MASK,
                b,
                _turn(c, 10),
                d,
            )
    return a, b, c, d, e


def _compress(state: _State, block: bytes) -> _State:
    words = struct.unpack("<16I", block)
    left = _line(state, words, mixes=_MIXES, order=_LEFT_WORDS, turns=_LEFT_TURNS, adds=_LEFT_ADDS)
    right = _line(state, words, mixes=_MIXES[::-1], order=_RIGHT_WORDS, turns=_RIGHT_TURNS, adds=_RIGHT_ADDS)
    return (
        (state[1] + left[2] + right[3]) & _MASK,
        (state[2] + left[3] + right[4]) & _MASK,
        (state[3] + left[4] + right[0]) & _MASK,
        (state[4] + left[0] + right[1]) & _MASK,
        (state[0] + left[1] + right[2]) & _MASK,
    )


def ripemd160(data: bytes) -> bytes:
    """Return the 20 bytes of RIPEMD-160."""
    padding = b"\x80" + b"\x00" * ((_BLOCK - 9 - len(data)) % _BLOCK)
    padded = data + padding + struct.pack("<Q", 8 * len(data))
    state: _State = _START
    for start in range(0, len(padded), _BLOCK):
        state = _compress(state, padded[start : start + _BLOCK])
    return struct.pack("<5I", *state)
