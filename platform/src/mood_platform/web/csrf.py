"""Forms carry a random token that must equal the one in a strict cookie: no other site can send them."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated

from fastapi import Depends, Form, Request, Response

from mood_platform.errors import Forbidden
from mood_platform.http.dependencies import World

COOKIE = "mood_csrf"


def csrf_token(request: Request) -> str:
    """The browser's token, or a new one."""
    return request.cookies.get(COOKIE) or secrets.token_urlsafe(24)


def remember_csrf_token(request: Request, response: Response, token: str) -> None:
    if request.cookies.get(COOKIE) != token:
        secure = request.app.state.context.secure
        response.set_cookie(COOKIE, token, httponly=True, secure=secure, samesite="strict")


def check_csrf(request: Request, _: World, csrf: Annotated[str, Form(max_length=200)] = "") -> None:
    known = request.cookies.get(COOKIE, "")
    if not known or not hmac.compare_digest(known.encode(), csrf.encode()):
        raise Forbidden(
            "This form was not sent from our page, or the page is old.", remedy="Reload it and try again."
        )


CheckedForm = Annotated[None, Depends(check_csrf)]
