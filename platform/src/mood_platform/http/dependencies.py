"""What endpoints ask for: the context, one transaction, and who is asking."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network
from typing import Annotated

from fastapi import Depends, Request

from mood_platform.accounts.principal import Principal
from mood_platform.accounts.service import authenticate
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import NotFound, Unauthenticated
from mood_platform.http.context import OPEN_TRANSACTIONS, Context

SESSION_COOKIE = "mood_session"


def find_context(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)
    return context


World = Annotated[Context, Depends(find_context)]


def open_transaction(context: World) -> Iterator[Transaction]:
    with transaction(context.sessions, context.queue) as tx:
        yield tx


Tx = Annotated[Transaction, Depends(open_transaction, scope="function", max_concurrency=OPEN_TRANSACTIONS)]
"""Ends before the answer is sent: a commit that fails is an error, not a success that never happened."""


def bearer_secret(request: Request) -> str:
    """The token of `Authorization: Bearer …`; cookies are for pages only, so the API needs no CSRF token."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated(
            "A token is missing.", remedy="Log in with `mood login`, or send Authorization: Bearer."
        )
    return secret.strip()


BearerSecret = Annotated[str, Depends(bearer_secret)]


def authenticate_bearer(tx: Tx, secret: BearerSecret) -> Principal:
    return authenticate(tx, secret=secret)


Me = Annotated[Principal, Depends(authenticate_bearer)]


def authenticate_if_asked(request: Request, tx: Tx) -> Principal | None:
    """Nobody without a token; a wrong token is an error all the same."""
    return authenticate(tx, secret=bearer_secret(request)) if "authorization" in request.headers else None


MaybeMe = Annotated[Principal | None, Depends(authenticate_if_asked)]


def require_organizer(me: Me) -> Principal:
    """Everyone else learns nothing, not even that there is something."""
    if not me.organizer:
        raise NotFound("There is no such page.", remedy="Check the address.")
    return me


Organizer = Annotated[Principal, Depends(require_organizer)]


def authenticate_cookie(request: Request, tx: Tx) -> Principal | None:
    """Who looks at a page; nobody when the session ended."""
    secret = request.cookies.get(SESSION_COOKIE)
    try:
        return authenticate(tx, secret=secret) if secret else None
    except Unauthenticated:
        return None


Viewer = Annotated[Principal | None, Depends(authenticate_cookie)]


def caller_of(request: Request) -> str:
    """The caller's network address, for limits only; of IPv6 the /64, all of which one caller holds."""
    host = request.client.host if request.client else "local"
    if ":" not in host:
        return host
    address = IPv6Address(host.partition("%")[0])
    return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))


Caller = Annotated[str, Depends(caller_of)]
