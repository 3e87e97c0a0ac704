"""A principal without a team is told how to get one."""

from __future__ import annotations

import pytest

from mood_platform.accounts.principal import Principal
from mood_platform.errors import Forbidden
from mood_platform.models import Team, User


def test_a_team_is_required_with_its_remedy() -> None:
    alone = Principal(user=User(email="a@example.org"), team=None, organizer=False)
    with pytest.raises(Forbidden, match="Create a team"):
        alone.require_team()


def test_the_team_and_the_name_in_the_audit_trail() -> None:
    team = Team(handle="north")
    principal = Principal(user=User(email="a@example.org"), team=team, organizer=False)
    assert (principal.require_team(), principal.actor) == (team, "a@example.org")
