"""Around every request: an id, headers that keep browsers strict, a bound on bodies."""

from __future__ import annotations

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mood_platform.errors import TooLarge
from mood_platform.serving.errors import problem_of, render_json

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


class BodyLimit:
    """Refuses a body over the limit: at once by its declared length, else while it arrives."""

    def __init__(self, app: ASGIApp, *, chunk_bytes: int) -> None:
        self.app = app
        self.chunk_bytes = chunk_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.chunk_bytes if scope["method"] == "PATCH" else BODY_LIMIT
        error = TooLarge(f"The body is over {limit} bytes.", remedy="Send less at once.")
        if _declared_length(scope) > limit:
            await render_json(Request(scope), problem_of(error))(scope, receive, send)
            return
        body = _BoundedBody(receive, send, limit=limit, error=error)
        try:
            await self.app(scope, body.receive, body.send)
        except TooLarge:
            if not body.refused:
                raise
        if body.refused:
            await render_json(Request(scope), problem_of(error))(scope, receive, send)


class _BoundedBody:
    """Counts what arrives. Once it is too much, whatever the application makes of that is not sent."""

    def __init__(self, receive: Receive, send: Send, *, limit: int, error: TooLarge) -> None:
        self._receive, self._send = receive, send
        self._left, self._error = limit, error
        self._answered = False
        self.refused = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.refused = not self._answered
            raise self._error
        return message

    async def send(self, message: Message) -> None:
        self._answered = self._answered or not self.refused
        if not self.refused:
            await self._send(message)


def _declared_length(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "0")
    return int(value) if value.isdecimal() else 0
