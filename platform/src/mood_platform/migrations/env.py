"""Alembic's entry: migrates the database of MOOD_DATABASE__URL, or of the connection it is handed."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from mood_platform.db.engine import make_engine
from mood_platform.models import Base
from mood_platform.settings import MigrationSettings


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    handed_in = context.config.attributes.get("connection")
    if isinstance(handed_in, Connection):
        migrate(handed_in)
        return
    engine = make_engine(MigrationSettings.read().database.url.get_secret_value())
    with engine.connect() as connection:
        migrate(connection)


main()
