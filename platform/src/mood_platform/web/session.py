"""Logging in and out with a cookie that scripts cannot read."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from mood_platform.accounts.service import revoke
from mood_platform.accounts.tokens import LIFETIME
from mood_platform.errors import PlatformError, Unauthenticated
from mood_platform.http.dependencies import SESSION_COOKIE, Caller, Tx, Viewer, World
from mood_platform.http.errors import problem_of
from mood_platform.http.logins import log_in
from mood_platform.http.rate_limit import TooManyRequests
from mood_platform.web.csrf import CheckedForm
from mood_platform.web.templating import render_page

router = APIRouter()
Text = Annotated[str, Form(max_length=1024)]


@router.get("/login")
def show_login(request: Request, viewer: Viewer, next: str = "/") -> Response:  # noqa: A002 - the query's name
    if viewer:
        return RedirectResponse(_own_path(next), status_code=303)
    return render_page(request, "login.html", viewer=None, problem=None, email="", next=_own_path(next))


@router.post("/login")
async def start_session(
    request: Request,
    context: World,
    caller: Caller,
    _: CheckedForm,
    email: Text = "",
    password: Text = "",
    next: Text = "/",  # noqa: A002 - the field's name
) -> Response:
    try:
        secret = await log_in(context, caller=caller, email=email, password=password, label="browser")
    except (Unauthenticated, TooManyRequests) as error:
        return _login_again(request, error, email=email, next_path=_own_path(next))
    response = RedirectResponse(_own_path(next), status_code=303)
    age = int(LIFETIME.total_seconds())
    response.set_cookie(
        SESSION_COOKIE, secret, max_age=age, httponly=True, secure=context.secure, samesite="lax"
    )
    return response


@router.post("/logout")
def log_out(request: Request, tx: Tx, _: CheckedForm) -> Response:
    revoke(tx, secret=request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/", status_code=303)
    response.delete_cookie(SESSION_COOKIE)
    return response


def _login_again(request: Request, error: PlatformError, *, email: str, next_path: str) -> Response:
    problem = problem_of(error)
    return render_page(
        request,
        "login.html",
        viewer=None,
        status=problem.status,
        problem=problem,
        email=email,
        next=next_path,
    )


def _own_path(address: str) -> str:
    """A path on this site, whatever the query said."""
    parts = urlsplit(address.replace("\\", "/"))
    own = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith("//")
    return parts.path if own else "/"
