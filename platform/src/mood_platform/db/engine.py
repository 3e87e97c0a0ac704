"""Builds the SQLAlchemy engine and the session factory."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]

SERVER_SIDE = {
    "timezone": "UTC",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "1h",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""Locks are not waited for without end, and not held without end by a process that stands still or a
machine that is gone. The longest honest pause inside a transaction is a copy of a large test set."""
CLIENT_SIDE = {"connect_timeout": 5, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""The same in the other direction: a server that is gone is noticed within a minute."""


CROWDED = ("too many clients already", "remaining connection slots are reserved", "too many connections")
"""What PostgreSQL says when its connections end; before there is one, it has no code for it."""


def is_crowded(error: BaseException) -> bool:
    """The database is there and takes no more connections."""
    return isinstance(error, OperationalError) and any(words in str(error.orig) for words in CROWDED)


def make_engine(url: str, *, pool_size: int = 5) -> Engine:
    """An engine that notices a database that went away and comes back (pre-ping)."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            **CLIENT_SIDE,
            "options": " ".join(f"-c {key}={value}" for key, value in SERVER_SIDE.items()),
        },
    )


def make_sessions(engine: Engine) -> Sessions:
    return sessionmaker(engine, expire_on_commit=False)
