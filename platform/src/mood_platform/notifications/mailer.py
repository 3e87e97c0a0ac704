"""Sending a mail as a port, and the adapter that writes mails as files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from mood_platform.characters import plain


@dataclass(frozen=True, slots=True)
class Mail:
    key: str
    """Names this mail for good: sending it twice is sending it once."""
    to: str
    subject: str
    body: str


class Mailer(Protocol):
    def send(self, mail: Mail) -> None: ...


@dataclass(frozen=True, slots=True)
class FolderMailer:
    """One `.eml` file a mail; for machines without a mail server."""

    folder: Path

    def send(self, mail: Mail) -> None:
        message = EmailMessage()
        message["To"], message["Subject"] = mail.to, plain(mail.subject)
        message.set_content(plain(mail.body))
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.folder / f".new-{mail.key}"
        new.write_bytes(message.as_bytes())
        new.replace(self.folder / f"{mail.key}.eml")

    def forget(self, *, before: datetime, pretend: bool) -> int:
        """How many mails were written before this moment; they are deleted unless `pretend`."""
        old = [path for path in self.folder.glob("*.eml") if path.stat().st_mtime < before.timestamp()]
        for path in () if pretend else old:
            path.unlink(missing_ok=True)
        return len(old)
