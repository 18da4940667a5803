import copy
import os
import pickle
from pathlib import Path

import pytest

from bithedge.stacks.errors import PrivateKeyError
from bithedge.stacks.keys import PrivateKey, read_key_file, write_key_file
from bithedge.stacks.networks import Network

# the devnet's deployer, public in every Clarinet project
SECRET = "753b7cc01a1a2e86221266a154af739463fce51219d97e4f856cd7200c3bd2a6"  # noqa: S105 - guards nothing
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.mark.parametrize("text", [SECRET, "0x" + SECRET, SECRET + "01", f" 0x{SECRET.upper()}01\n"])
def test_a_key_is_taken_in_every_form_that_tools_write(text: str) -> None:
    key = PrivateKey.from_hex(text)

    assert key.address(Network.DEVNET) == "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
    assert key.address(Network.MAINNET).startswith("SP")
    assert key.reveal_hex() == "0x" + SECRET + "01"


@pytest.mark.parametrize(
    "text",
    ["", "00" * 32, SECRET[:-2], SECRET + "02", SECRET + "0101", f"{ORDER:064x}", "secret", SECRET + "0"],
)
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(PrivateKeyError) as refused:
        PrivateKey.from_hex(text)

    assert text == "" or text not in str(refused.value)


def test_a_key_shows_nothing_of_itself_and_cannot_be_copied_away() -> None:
    key = PrivateKey.from_hex(SECRET)

    for shown in (repr(key), str(key), f"{key}"):
        assert SECRET not in shown
        assert "redacted" in shown
    for copier in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copier(key)


def test_a_new_key_comes_from_the_randomness_given_and_skips_what_is_no_key() -> None:
    draws = iter([bytes(32), b"\xff" * 32, b"\x01" * 32])

    assert PrivateKey.generate(lambda _size: next(draws)) == PrivateKey(b"\x01" * 32)


def test_keys_are_equal_by_what_they_are() -> None:
    assert PrivateKey(b"\x01" * 32) == PrivateKey(b"\x01" * 33)
    assert PrivateKey(b"\x01" * 32) != PrivateKey(b"\x02" * 32)
    assert len({PrivateKey(b"\x01" * 32), PrivateKey(b"\x01" * 32)}) == 1


def test_a_key_file_is_its_owners_alone_and_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "quote.key"
    previous = os.umask(0)
    try:
        write_key_file(path, PrivateKey.from_hex(SECRET))
    finally:
        os.umask(previous)

    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path) == PrivateKey.from_hex(SECRET)


def test_a_key_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "quote.key"
    write_key_file(path, PrivateKey.from_hex(SECRET))

    with pytest.raises(FileExistsError):
        write_key_file(path, PrivateKey(b"\x01" * 32))

    assert read_key_file(path) == PrivateKey.from_hex(SECRET)


def test_a_key_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "quote.key"
    write_key_file(path, PrivateKey.from_hex(SECRET))
    path.chmod(0o640)

    with pytest.raises(PrivateKeyError, match="chmod 600"):
        read_key_file(path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 32, b"a" * 10_000, SECRET.encode() + b"zz"])
def test_a_file_without_a_key_is_refused_without_its_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "quote.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(PrivateKeyError, match="no key file") as refused:
        read_key_file(path)

    assert SECRET not in str(refused.value)
