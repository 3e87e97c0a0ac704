"""Around every request: an id, headers that keep browsers strict, a bound on bodies."""

from __future__ import annotations

import secrets
from asyncio import get_running_loop, timeout_at

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mood_platform.errors import PlatformError, TooLarge, TooSlow
from mood_platform.http.errors import problem_of, render_json

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self' data:; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
BODY_LIMIT = 2**20
"""Bytes of a request body that is not a part of an upload."""


class RequestId:
    """Gives the request an id of its own (never the caller's) and repeats it in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self.app(scope, receive, send_with_id)


class SecurityHeaders:
    """Strict headers on every answer; nothing is cached unless the endpoint says so."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_strict)


class HeadOfPages:
    """HEAD of a page is its GET without the body, as monitors ask; the API names its own."""

    def __init__(self, app: ASGIApp, *, api_prefix: str) -> None:
        self.app = app
        self.api_prefix = api_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "http" and not scope["path"].startswith(self.api_prefix)
        if page and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # the server itself leaves the body out
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses a body over the limit: at once by its declared length, else while it arrives; or too slow.

    Parts of uploads have a clock of their own: they may take long, but not stand still.
    """

    def __init__(self, app: ASGIApp, *, chunk_bytes: int, seconds: float) -> None:
        self.app = app
        self.chunk_bytes = chunk_bytes
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        part = scope["method"] == "PATCH"
        limit = self.chunk_bytes if part else BODY_LIMIT
        if _declared_length(scope) > limit:
            await render_json(Request(scope), problem_of(_too_large(limit)))(scope, receive, send)
            return
        body = _BoundedBody(receive, send, limit=limit, seconds=None if part else self.seconds)
        try:
            await self.app(scope, body.receive, body.send)
        except (TooLarge, TooSlow) as error:
            if error is not body.refusal:
                raise
        if body.refusal is not None:
            await render_json(Request(scope), problem_of(body.refusal))(scope, receive, send)


class _BoundedBody:
    """Counts and times what arrives. Once it is refused, nothing that the application makes of it is sent."""

    def __init__(self, receive: Receive, send: Send, *, limit: int, seconds: float | None) -> None:
        self._receive, self._send = receive, send
        self._limit, self._left, self._seconds = limit, limit, seconds
        self._deadline = None if seconds is None else get_running_loop().time() + seconds
        self._answered = False
        self.refusal: TooLarge | TooSlow | None = None

    async def receive(self) -> Message:
        try:
            async with timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise self._refuse(_too_slow(self._seconds)) from None
        if not message.get("more_body"):
            self._deadline = None  # what is waited for from now on is the caller's leaving
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise self._refuse(_too_large(self._limit))
        return message

    async def send(self, message: Message) -> None:
        self._answered = self._answered or self.refusal is None
        if self.refusal is None:
            await self._send(message)

    def _refuse(self, error: TooLarge | TooSlow) -> PlatformError:
        self.refusal = None if self._answered else error
        return error


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is over {limit} bytes.", remedy="Send less at once.")


def _too_slow(seconds: float | None) -> TooSlow:
    return TooSlow(f"The body was not here within {seconds:g} s.", remedy="Send it again, without a pause.")


def _declared_length(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "0")
    return int(value) if value.isdecimal() else 0
