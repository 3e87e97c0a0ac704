"""Declarative base: naming convention, column types, UUID keys, lazy="raise" everywhere."""

from __future__ import annotations

from datetime import datetime
from enum import Enum as PyEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Enum, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

JsonColumn = dict[str, Any]
"""A row's own notes as JSONB; what is more than notes is read by a class of `documents`."""

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def _values(enum: type[PyEnum]) -> list[str]:
    return [str(member.value) for member in enum]


def checked_enum(enum: type[PyEnum], *, name: str) -> Enum:
    """VARCHAR with a named CHECK, so that the database repeats what the code promises."""
    return Enum(
        enum, native_enum=False, create_constraint=True, values_callable=_values, length=32, name=name
    )


def open_enum(enum: type[PyEnum]) -> Enum:
    """VARCHAR without a CHECK, for lists that grow (failure reasons) without a migration."""
    return Enum(enum, native_enum=False, create_constraint=False, values_callable=_values, length=64)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own protocol
        datetime: DateTime(timezone=True),
        str: Text,
        JsonColumn: JSONB,
        list[str]: JSONB,
    }


class WithId:
    """A random UUID as key: never a global counter."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
