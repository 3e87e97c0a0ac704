"""API tokens: `mood_` and 256 random bits, shown once; only the SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mood_platform.db.transaction import Transaction
from mood_platform.models import Token, User

PREFIX = "mood_"
LIFETIME = timedelta(days=90)


def issue_token(tx: Transaction, *, user: User, label: str) -> str:
    """Store the hash, return the secret: this is the only time anyone sees it."""
    secret = PREFIX + secrets.token_urlsafe(32)
    tx.session.add(
        Token(
            user_id=user.id,
            secret_sha256=fingerprint(secret),
            label=label,
            created_at=tx.now,
            expires_at=tx.now + LIFETIME,
        )
    )
    return secret


def find_token(tx: Transaction, *, secret: str) -> Token | None:
    """The token of this secret with its user and team, if it is neither revoked nor expired."""
    return tx.session.scalar(
        select(Token)
        .where(
            Token.secret_sha256 == fingerprint(secret), Token.revoked_at.is_(None), Token.expires_at > tx.now
        )
        .options(joinedload(Token.user).joinedload(User.team))
    )


def fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
