"""Registering and logging in: first the limit, then the slow hash, outside every transaction."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi.concurrency import run_in_threadpool

from mood_platform.accounts.passwords import verify_password
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.service import find_password_hash, hash_new_password, open_session, register
from mood_platform.db.transaction import transaction
from mood_platform.http.context import Context


async def log_in(context: Context, *, caller: str, email: str, password: str, label: str) -> str:
    """A new token; unknown accounts cost the same work."""
    stored = await run_in_threadpool(_stored_hash, context, caller, email)
    proved = await run_sync(verify_password, stored, password, limiter=context.hashing)
    return await run_in_threadpool(_open, context, email, stored if proved else None, label)


async def open_account(context: Context, *, caller: str, email: str, name: str, password: str) -> Principal:
    await run_in_threadpool(context.logins.count, caller, "new account")

    def hashed() -> str:
        return hash_new_password(email=email, name=name, password=password)

    password_hash = await run_sync(hashed, limiter=context.hashing)
    return await run_in_threadpool(_register, context, email, name, password_hash)


def _stored_hash(context: Context, caller: str, email: str) -> str | None:
    context.logins.count(caller, email)
    with transaction(context.sessions, context.queue) as tx:
        return find_password_hash(tx, email=email)


def _open(context: Context, email: str, password_hash: str | None, label: str) -> str:
    with transaction(context.sessions, context.queue) as tx:
        return open_session(tx, email=email, password_hash=password_hash, label=label)


def _register(context: Context, email: str, name: str, password_hash: str) -> Principal:
    with transaction(context.sessions, context.queue) as tx:
        user = register(tx, email=email, name=name, password_hash=password_hash)
        return Principal(user=user, team=None, organizer=False)
