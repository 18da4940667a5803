import hashlib
import random

import pytest

from bithedge.stacks.hashes import hash160, sha512_256
from bithedge.stacks.ripemd160 import ripemd160


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (b"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
        (b"a", "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe"),
        (b"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        (b"message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"),
        (b"1234567890" * 8, "9b752e45573d4b39f4dbd3323cab82bf63326bfb"),
    ],
)
def test_the_portable_ripemd160_gives_its_authors_values(text: bytes, digits: str) -> None:
    assert ripemd160(text).hex() == digits


def test_hash160_is_ripemd160_of_sha256_whichever_code_computes_it() -> None:
    chance = random.Random(7)
    for size in range(130):
        data = chance.randbytes(size)
        assert hash160(data) == ripemd160(hashlib.sha256(data).digest())


def test_sha512_256_is_its_own_hash_and_no_cut_sha512() -> None:
    assert sha512_256(b"abc").hex() == "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
