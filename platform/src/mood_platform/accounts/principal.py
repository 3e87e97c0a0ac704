"""Who is asking: the user behind a token, with team and role."""

from __future__ import annotations

from dataclasses import dataclass

from mood_platform.errors import Forbidden
from mood_platform.models import Team, User


@dataclass(frozen=True, slots=True)
class Principal:
    """Made by `authenticate` alone."""

    user: User
    team: Team | None
    organizer: bool

    def require_team(self) -> Team:
        """The principal's team, or a sentence that says how to get one."""
        if self.team is None:
            raise Forbidden(
                "You are not in a team yet.",
                remedy="Create a team (POST /api/v1/teams), or join one by an invitation (`mood team join`).",
            )
        return self.team

    @property
    def actor(self) -> str:
        """How the audit trail names this person."""
        return self.user.email
