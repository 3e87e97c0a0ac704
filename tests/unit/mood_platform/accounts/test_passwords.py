"""Passwords: hashed with argon2id, checked with the same work for unknown accounts."""

from __future__ import annotations

import pytest
from argon2 import extract_parameters

from mood_platform.accounts.passwords import LONGEST, _decoy, hash_password, verify_password
from mood_platform.errors import Invalid

PASSWORD = "correct horse battery"


def test_a_password_fits_its_hash_and_no_other_does() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert verify_password(stored, PASSWORD)
    assert not verify_password(stored, PASSWORD + "!")


def test_two_hashes_of_a_password_differ() -> None:
    assert hash_password(PASSWORD) != hash_password(PASSWORD)


def test_an_unknown_account_is_a_wrong_password() -> None:
    assert not verify_password(None, PASSWORD)
    assert not verify_password(None, "no account has this password")


def test_an_unknown_account_costs_the_same_work() -> None:
    assert extract_parameters(_decoy()) == extract_parameters(hash_password(PASSWORD))


def test_a_broken_hash_lets_nobody_in() -> None:
    assert not verify_password("!", "!")


@pytest.mark.parametrize("password", ["", "short", "x" * (LONGEST + 1)])
def test_too_short_and_too_long_are_refused(password: str) -> None:
    with pytest.raises(Invalid, match="password"):
        hash_password(password)
