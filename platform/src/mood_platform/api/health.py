"""Whether the server answers and reaches its database."""

from __future__ import annotations

from fastapi import APIRouter

from mood_platform.http.dependencies import Tx
from mood_platform.views.participant import Moment, View

router = APIRouter(tags=["health"])


class HealthView(View):
    status: str
    time: Moment
    """The database's clock, which decides about deadlines."""


@router.get("/health")
def read_health(tx: Tx) -> HealthView:
    return HealthView(status="ok", time=tx.now)
