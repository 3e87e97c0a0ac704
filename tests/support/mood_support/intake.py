"""An open challenge with two teams that hand in archives, and the intake that checks them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.fake_queue import FakeQueue
from mood_platform.images import intake_child
from mood_platform.models import Image, Upload
from mood_platform.storage.inbox import Inbox
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.intake import WITHOUT_BOUND, Checker, Room, check_image
from mood_platform.submissions.uploads import create_upload, finish_if_here
from mood_support.edition import make_edition, make_participant

LIMIT = 40 * 2**30
"""As the platform has it when nobody sets another."""


class Intake:
    def __init__(self, sessions: Sessions, store: LocalStore) -> None:
        self.sessions, self.store, self.queue = sessions, store, FakeQueue()
        with transaction(sessions, self.queue) as tx:
            self.challenge = make_edition(tx, store=store, folder=store.root.parent / "sets", cases=2)
            self.north, self.south = make_participant(tx, "north"), make_participant(tx, "south")

    def hand_in(
        self,
        archive: bytes,
        *,
        by: Principal | None = None,
        sha256: str | None = None,
        team_bytes: int | None = None,
    ) -> UUID:
        """The whole upload; the id of the Image it became."""
        team = by or self.north
        with transaction(self.sessions, self.queue) as tx:
            upload = create_upload(
                tx,
                principal=team,
                size=len(archive),
                filename="image.tar",
                sha256=sha256,
                limit_bytes=LIMIT,
                hours=1,
                inbox=Inbox(self.store.root),
                team_bytes=team_bytes,
            )
        append(Inbox(self.store.root), upload.id, offset=0, size=len(archive), chunks=[archive])
        with transaction(self.sessions, self.queue) as tx:
            here = tx.session.get_one(Upload, upload.id)
            assert finish_if_here(tx, here, inbox=Inbox(self.store.root), actor=team.actor)
        return upload.id

    def check(
        self, image_id: UUID, *, check: Checker = intake_child.check_image, room: Room = WITHOUT_BOUND
    ) -> Image:
        check_image(
            self.sessions, self.queue, self.store, image_id=image_id, limit=LIMIT, check=check, room=room
        )
        return self.image(image_id)

    def image(self, image_id: UUID) -> Image:
        """What the upload of this id became."""
        with self.sessions() as session:
            upload = session.get_one(Upload, image_id)
            return session.get_one(Image, upload.image_id)

    def files(self) -> list[str]:
        """What lies among the uploads: nothing, once all are decided."""
        return sorted(path.name for path in (self.store.root / "uploads").iterdir())


def append(inbox: Inbox, upload_id: UUID, *, offset: int, size: int, chunks: Iterable[bytes]) -> int:
    """Write all chunks at `offset`; the new offset."""
    with inbox.writer(upload_id, offset=offset, size=size) as writer:
        for chunk in chunks:
            writer.write(chunk)
    return writer.offset
