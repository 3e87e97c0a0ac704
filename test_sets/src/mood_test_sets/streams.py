"""Keyed random streams: whoever lacks the key cannot regenerate a hidden case from the public generator."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mood_test_sets.errors import WeakSecret

__all__ = ["PUBLIC", "SECRET_BYTES", "Streams", "create_secret", "read_secret"]

SECRET_BYTES = 16  # 128 bits, the least that a secret may have


@dataclass(frozen=True, slots=True)
class Streams:
    key: bytes
    hidden: bool  # whether the key is a secret

    def rng(self, *path: str | int) -> np.random.Generator:
        """Equal key and path, equal numbers; every other path is independent."""
        return np.random.default_rng(int.from_bytes(self._digest("stream", path)))

    def case_id(self, *path: str | int) -> str:
        """128 random bits as 32 hexadecimal digits."""
        return self._digest("case", path)[:16].hex()

    def seed(self, *path: str | int) -> int:
        """An integer of 63 bits."""
        return int.from_bytes(self._digest("seed", path)[:8]) >> 1

    @property
    def secret_sha256(self) -> str | None:
        return hashlib.sha256(self.key).hexdigest() if self.hidden else None

    def _digest(self, use: str, path: tuple[str | int, ...]) -> bytes:
        message = "/".join([use, *map(str, path)])
        return hmac.digest(self.key, message.encode("utf-8", "surrogateescape"), "sha256")


PUBLIC = Streams(key=b"public key of the demonstration: anyone can rebuild its labels", hidden=False)


def create_secret(file: Path) -> None:
    """Write 256 random bits, readable by the owner alone; an existing file is never overwritten."""
    try:
        with file.open("x", encoding="ascii") as stream:
            file.chmod(0o600)
            stream.write(secrets.token_hex(32) + "\n")
    except FileExistsError:
        raise WeakSecret(f"{file} exists already and may be in use. Choose another name.") from None


def read_secret(file: Path) -> Streams:
    remedy = f"Write one with: mood-test-sets new-secret {file}"
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii"))
    except OSError as reason:
        raise WeakSecret(f"The secret {file} cannot be read ({reason.strerror}). {remedy}") from None
    except ValueError:
        raise WeakSecret(f"The secret {file} is not hexadecimal text. {remedy}") from None
    if len(key) < SECRET_BYTES or len(set(key)) < SECRET_BYTES // 2:
        raise WeakSecret(f"The secret {file} has less than 128 random bits. {remedy}")
    return Streams(key=key, hidden=True)
