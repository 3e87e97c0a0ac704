"""Every address of the real applications, filled with ids, as requests that a stranger could send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from mood_platform.http.app import API_PREFIX
from mood_support.site import Site


class Who(Enum):
    """For whom an address has an answer."""

    EVERYBODY = "everybody"
    USER = "a user"
    TEAM = "a team, about its own"
    ORGANIZER = "an organizer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How an address is called, so that the call changes nothing unless `changes` says so."""

    who: Who
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    changes: bool = False
    """What an owner's call does cannot be taken back; only others call it in passing."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `names` says by parameter which kind of id it holds (own, other, unknown, …)."""

    key: str
    method: str
    path: str
    names: tuple[tuple[str, str], ...]

    @property
    def kinds(self) -> set[str]:
        return {kind for _, kind in self.names}


Ids = Mapping[str, Mapping[str, str]]
"""By parameter, then by the kind of the value."""
ADMIN = Entry(who=Who.ORGANIZER, json={})


def route_table(site: Site) -> list[str]:
    """`GET /api/v1/me`, … of both applications; mounted folders as `GET /static/{path}`."""
    return sorted({*_routes(site.pages, ""), *_routes(site.api, API_PREFIX)})


def _routes(app: FastAPI, prefix: str) -> Iterator[str]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.route, Mount):
            if context.path != API_PREFIX:
                yield f"GET {context.path}/{{path}}"
            continue
        for method in context.methods or ():
            yield f"{method} {prefix}{context.path}"


def entry_of(key: str, entries: Mapping[str, Entry]) -> Entry:
    if key.split()[1].startswith(f"{API_PREFIX}/admin/"):
        return ADMIN
    assert key in entries, (
        f"The route {key} is new. Add it to ENTRIES: who may read it, and the body or headers of a call that "
        "changes nothing. Then every reader calls it, and every answer is searched for hidden facts."
    )
    return entries[key]


def asks_of(key: str, ids: Ids) -> list[Ask]:
    """The route once for every combination of ids."""
    method, path = key.split(" ", 1)
    found = [Ask(key, method, path, ())]
    for name in re.findall(r"{(\w+)}", path):
        assert name in ids, (
            f"The route {key} has a new parameter {name!r}. Say which values of it are one's own, another "
            "team's, hidden, unknown and malformed."
        )
        found = [
            Ask(key, method, ask.path.replace(f"{{{name}}}", value, 1), (*ask.names, (name, kind)))
            for ask in found
            for kind, value in ids[name].items()
        ]
    return found
