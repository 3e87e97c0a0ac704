"""The database and the files of the platform on this machine, for commands of the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mood_platform.cli.problems import Exit, Problem

if TYPE_CHECKING:
    from mood_platform.db.transaction import Transaction
    from mood_platform.settings import Settings
    from mood_platform.storage.store import ObjectStore


@contextmanager
def local_world(home: Path) -> Iterator[tuple[Transaction, ObjectStore]]:
    """One transaction on this machine's database, and its files."""
    from mood_platform.db.engine import is_crowded, make_engine, make_sessions
    from mood_platform.db.outages import DATABASE_AWAY
    from mood_platform.db.transaction import transaction
    from mood_platform.storage.local import LocalStore
    from mood_platform.worker.queue import CeleryQueue

    settings = read_local_settings(home)
    engine = make_engine(settings.database.url.get_secret_value(), pool_size=1)
    try:
        with transaction(make_sessions(engine), CeleryQueue(settings)) as tx:
            yield tx, LocalStore(settings.storage.root)
    except DATABASE_AWAY as error:
        raise _no_database(crowded=is_crowded(error)) from error
    finally:
        engine.dispose()


def _no_database(*, crowded: bool) -> Problem:
    if crowded:
        remedy = "Try again in a minute, or raise its max_connections."
        return Problem("The database takes no more connections.", remedy=remedy, code=Exit.PLATFORM)
    remedy = "Start the platform with `mood up`."
    return Problem("The database does not answer.", remedy=remedy, code=Exit.PLATFORM)


def read_local_settings(home: Path) -> Settings:
    """Those of the folder; where no platform lives in it, those of this process, as in a container."""
    from mood_platform.machine.installation import Installation
    from mood_platform.settings import Settings

    place = Installation(home.resolve())
    if not place.settings_file.exists():
        with suppress(ValueError):
            return Settings.read()
    return place.read_settings()
