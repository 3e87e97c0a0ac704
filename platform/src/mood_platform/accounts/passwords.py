"""Passwords: argon2id hashes, and a check that costs the same for unknown accounts."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mood_platform.errors import Invalid

SHORTEST, LONGEST = 10, 1024
_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(
            f"Field password: it has {len(password)} characters.",
            remedy=f"Use {SHORTEST} to {LONGEST} characters.",
        )
    return _HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """False also for an unknown account (`stored` None), after equal work: timing tells nothing."""
    try:
        matches = _HASHER.verify(stored or _decoy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None


@cache
def _decoy() -> str:
    return _HASHER.hash("no account has this password")
