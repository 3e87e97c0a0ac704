"""The two files of an image that the container engine itself reads, as root, before anything is confined.

To start a container as some user, engine and runtime open /etc/passwd and /etc/group of the image. A pipe
there, or a link to an endless device, makes them wait for ever: the container can then neither be started
nor removed until the engine is restarted. So nothing but small ordinary files is taken, in any layer.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Callable

from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason

_FOLDER, _NAMES = "/etc", ("passwd", "group")
_MOST_BYTES = 2**20


def check_account_files(path: str, member: tarfile.TarInfo, *, is_link: Callable[[str], bool]) -> None:
    """Refuses a member of a layer that would make the engine wait.

    `path` is its absolute path; `is_link` tells which folders of the same layer are links, because an
    engine unpacks what lies under one at the link's target.
    """
    if path == _FOLDER and not member.isdir():
        raise SubmissionFault(FailureReason.IMAGE_ACCOUNTS, f"In a layer, {path} is not a folder.")
    folder, name = posixpath.split(path)
    if name not in _NAMES or not (folder == _FOLDER or _leads_through_link(folder, is_link)):
        return
    if not (member.isreg() and member.size <= _MOST_BYTES):
        raise SubmissionFault(
            FailureReason.IMAGE_ACCOUNTS, f"In a layer, {path} is not a file of at most 1 MiB."
        )


def _leads_through_link(folder: str, is_link: Callable[[str], bool]) -> bool:
    while folder != "/":
        if is_link(folder):
            return True
        folder = posixpath.dirname(folder)
    return False
