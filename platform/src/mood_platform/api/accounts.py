"""Registering, logging in and out, who I am, founding a team, inviting into it, joining one."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from mood_platform.accounts.invitations import invite, join_team
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.service import create_team, revoke
from mood_platform.http.dependencies import BearerSecret, Caller, Me, Tx, World
from mood_platform.http.logins import log_in, open_account
from mood_platform.views.participant import MeView, Moment, TeamView, View
from mood_platform.views.submission import view_team

router = APIRouter(tags=["accounts"])


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Registration(Body):
    email: str = Field(max_length=254)
    name: str = Field(max_length=200)
    password: SecretStr = Field(max_length=1024)


class Login(Body):
    email: str = Field(max_length=254)
    password: SecretStr = Field(max_length=1024)
    label: str = Field(default="login", max_length=80)


class NewTeam(Body):
    name: str = Field(max_length=200)
    """In any script; one that looks like another team's is refused."""
    handle: str | None = Field(default=None, max_length=200)
    """ASCII, for ids, paths and commands; without one the team gets a random one."""


class Code(Body):
    code: str = Field(max_length=200)


class InvitationView(View):
    code: str
    """Shown this once; it works for one person."""
    expires_at: Moment


class TokenView(View):
    token: str
    """Shown this once; send it as `Authorization: Bearer …`."""


@router.post("/users", status_code=201)
async def register_user(body: Registration, context: World, caller: Caller) -> MeView:
    """Open an account."""
    password = body.password.get_secret_value()
    return view_me(
        await open_account(context, caller=caller, email=body.email, name=body.name, password=password)
    )


@router.post("/tokens", status_code=201)
async def create_token(body: Login, context: World, caller: Caller) -> TokenView:
    """Log in: the answer is a token that lasts 90 days."""
    password = body.password.get_secret_value()
    return TokenView(
        token=await log_in(context, caller=caller, email=body.email, password=password, label=body.label)
    )


@router.delete("/tokens/current", status_code=204)
def delete_token(tx: Tx, secret: BearerSecret) -> None:
    """Log out: this token ends."""
    revoke(tx, secret=secret)


@router.get("/me")
def read_me(me: Me) -> MeView:
    """Who the token belongs to."""
    return view_me(me)


@router.post("/teams", status_code=201)
def found_team(body: NewTeam, tx: Tx, me: Me) -> TeamView:
    """Found a team and join it."""
    return view_team(create_team(tx, user=me.user, name=body.name, handle=body.handle))


@router.post("/teams/invitations", status_code=201)
def invite_member(tx: Tx, me: Me) -> InvitationView:
    """A code with which one person can join your team."""
    code, row = invite(tx, principal=me)
    return InvitationView(code=code, expires_at=row.expires_at)


@router.post("/teams/join")
def join_by_invitation(body: Code, tx: Tx, me: Me) -> TeamView:
    """Join the team that the code belongs to."""
    return view_team(join_team(tx, user=me.user, code=body.code))


def view_me(me: Principal) -> MeView:
    team = view_team(me.team) if me.team else None
    return MeView(email=me.user.email, name=me.user.name, organizer=me.organizer, team=team)
