"""Keys, secrets and the independence of streams."""

from pathlib import Path

import pytest

from mood_test_sets.errors import WeakSecret
from mood_test_sets.streams import PUBLIC, Streams, create_secret, read_secret


def test_the_same_key_and_path_give_the_same_numbers() -> None:
    assert PUBLIC.rng("brain", 1).random() == PUBLIC.rng("brain", 1).random()


def test_another_path_gives_other_numbers() -> None:
    assert PUBLIC.rng("brain", 1).random() != PUBLIC.rng("brain", 2).random()


def test_another_key_gives_other_numbers_ids_and_seeds() -> None:
    other = Streams(key=b"another", hidden=True)
    assert PUBLIC.rng("a").random() != other.rng("a").random()
    assert PUBLIC.case_id("a") != other.case_id("a")
    assert PUBLIC.seed("a") != other.seed("a")


def test_a_case_id_has_128_bits() -> None:
    assert len(bytes.fromhex(PUBLIC.case_id("set", "case"))) == 16


def test_a_new_secret_can_be_read_and_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    create_secret(tmp_path / "key")
    streams = read_secret(tmp_path / "key")
    assert len(streams.key) == 32
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert streams.secret_sha256 is not None
    assert streams.key.hex() not in streams.secret_sha256


def test_an_existing_secret_is_not_overwritten(tmp_path: Path) -> None:
    create_secret(tmp_path / "key")
    with pytest.raises(WeakSecret, match="exists already"):
        create_secret(tmp_path / "key")


@pytest.mark.parametrize("text", ["", "00" * 32, "0123456789abcdef0123456789abcd", "not hexadecimal"])
def test_a_secret_below_128_random_bits_is_refused_with_a_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(WeakSecret, match="new-secret"):
        read_secret(tmp_path / "key")


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeakSecret, match="absent"):
        read_secret(tmp_path / "absent")


def test_the_public_key_has_no_secret_hash() -> None:
    assert PUBLIC.secret_sha256 is None
