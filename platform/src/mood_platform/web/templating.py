"""Renders templates: everything escaped whatever the file is called, and a missing name is an error."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from mood_platform.accounts.principal import Principal
from mood_platform.characters import plain
from mood_platform.web import formats
from mood_platform.web.csrf import csrf_token, remember_csrf_token


@cache
def environment() -> Environment:
    loader = PackageLoader("mood_platform.web")
    made = Environment(
        loader=loader,
        autoescape=True,
        finalize=_as_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "ap": formats.format_ap,
        "in_order": formats.in_order,
        "interval": formats.format_interval,
        "places": formats.format_places,
        "percent": formats.format_percent,
        "bytes": formats.format_bytes,
        "seconds": formats.format_seconds,
        "moment": formats.format_moment,
        "distance": formats.format_distance,
        "sentence": formats.format_sentence,
        "prose": formats.format_prose,
        "excerpt": formats.format_excerpt,
    }
    made.globals["static"] = static_address
    return made


def _as_text(value: object) -> object:
    """Words of whatever age; markup of ours is no plain string, and what made it escaped it."""
    return plain(value) if type(value) is str else value


def render_page(
    request: Request,
    template: str,
    *,
    viewer: Principal | None,
    status: int = 200,
    nav: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """`nav`: slug of the edition whose leaderboards the head of the page leads to; else the current one."""
    token = csrf_token(request)
    html = (
        environment()
        .get_template(template)
        .render(viewer=viewer, path=request.scope["path"], csrf=token, nav=nav, **values)
    )
    response = HTMLResponse(html, status_code=status)
    remember_csrf_token(request, response, token)
    return response


@cache
def static_address(name: str) -> str:
    """Named by its content, so that browsers may keep it for good."""
    data = files("mood_platform.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(data).hexdigest()[:12]}"
