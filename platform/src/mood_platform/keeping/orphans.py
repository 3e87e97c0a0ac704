"""What does not fit together: objects that no row names, rows whose object is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from mood_platform.db.engine import Sessions
from mood_platform.documents.retention import MisfitsFound, Named
from mood_platform.keeping.images import KEPT, collect_image
from mood_platform.keeping.leftovers import REMOVED_AT
from mood_platform.models import LIVE, Image, KeptKind, KeptObject, Run
from mood_platform.storage.keys import IMAGES, RUNS, as_leftover, digest_of, image_key
from mood_platform.storage.store import ObjectStore

NAMED = 20
"""So many of each are named; all are counted."""


@dataclass(slots=True)
class Found:
    count: int = 0
    named: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.named) < NAMED:
            self.named.append(name)

    def report(self) -> Named:
        return Named(count=self.count, named=tuple(self.named))


@dataclass(slots=True)
class Misfits:
    """`objects` no row names; `rows` name what is gone; `late` was said to be removed, and is now."""

    objects: Found = field(default_factory=Found)
    rows: Found = field(default_factory=Found)
    late: Found = field(default_factory=Found)

    def report(self) -> MisfitsFound:
        return MisfitsFound(objects=self.objects.report(), rows=self.rows.report(), late=self.late.report())


def find_misfits(sessions: Sessions, store: ObjectStore, *, mend: bool) -> Misfits:
    """`mend` deletes what rows say is gone: a round that was killed had not come to it."""
    found = Misfits()
    _compare_leftovers(sessions, store, found, mend=mend)
    _compare_images(sessions, store, found, mend=mend)
    return found


def _compare_leftovers(sessions: Sessions, store: ObjectStore, found: Misfits, *, mend: bool) -> None:
    here = dict(_leftovers(store))
    with sessions() as session:
        rows = {key: at for key, at in session.execute(select(KeptObject.key, KeptObject.removed_at))}  # noqa: C416
        live = set(session.scalars(select(Run.id).where(Run.state.in_(LIVE))))
        ended = {
            (run_id, kind)
            for kind, column in REMOVED_AT.items()
            for run_id in session.scalars(select(Run.id).where(column.is_not(None)))
        }
    for key, part in here.items():
        if rows.get(key) is not None or (key not in rows and part in ended):
            found.late.add(key)
            if mend:
                store.delete(key)
        elif key not in rows and part[0] not in live:  # of a live one it may be on its way
            found.objects.add(key)
    for key, removed_at in rows.items():
        if removed_at is None and key not in here and not store.exists(key):
            found.rows.add(key)


def _leftovers(store: ObjectStore) -> Iterator[tuple[str, tuple[UUID, KeptKind]]]:
    for key in store.keys(RUNS):
        if (left := as_leftover(key)) is not None:
            yield key, (left.run_id, KeptKind(left.name))


def _compare_images(sessions: Sessions, store: ObjectStore, found: Misfits, *, mend: bool) -> None:
    with sessions() as session:
        kept = {image_key(digest) for digest in session.scalars(select(Image.digest).where(*KEPT)) if digest}
        known = {image_key(digest) for digest in session.scalars(select(Image.digest)) if digest}
    here = set(store.keys(IMAGES))
    for key in sorted(here - kept):
        if key not in known:
            found.objects.add(key)
            continue
        found.late.add(key)
        if mend:
            collect_image(sessions, store, digest=digest_of(key))
    for key in sorted(kept - here):
        found.rows.add(key)
