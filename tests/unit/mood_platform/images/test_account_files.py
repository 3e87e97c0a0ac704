"""What the engine reads of an image as root must not be able to hold it up."""

import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.images.layers import scan_layer
from mood_platform.images.streams import Budget

Tar = Callable[..., bytes]
FIFO, LINK, HARD, FOLDER = tarfile.FIFOTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE

HOLD_UPS = {
    "a pipe": [("etc/passwd", FIFO, "")],
    "a pipe as group": [("./etc/group", FIFO, "")],
    "a link to endless noise": [("etc/passwd", LINK, "/dev/random")],
    "a device": [("etc/passwd", tarfile.CHRTYPE, "")],
    "another name of a pipe": [("x", FIFO, ""), ("etc/group", HARD, "x")],
    "a folder that is a link": [("etc", LINK, "proc")],
    "a pipe through a link": [("x", LINK, "etc"), ("x/passwd", FIFO, "")],
    "a pipe through a link further up": [("x", LINK, "."), ("x/etc/passwd", FIFO, "")],
}


def scan(layer: bytes) -> None:
    scan_layer(io.BytesIO(layer), budget=Budget(2**30), files=Budget(100))


@pytest.mark.parametrize("name", HOLD_UPS)
def test_it_is_refused_for(name: str, tar: Tar, member: Any) -> None:
    with pytest.raises(SubmissionFault) as refusal:
        scan(tar(*(member(path, type=kind, target=target) for path, kind, target in HOLD_UPS[name])))
    assert refusal.value.reason is FailureReason.IMAGE_ACCOUNTS


def test_a_list_of_accounts_longer_than_any_is_refused(tar: Tar, member: Any) -> None:
    with pytest.raises(SubmissionFault):
        scan(tar(member("etc/passwd", content=b"x:x:1:1::/:/bin/sh\n" * 60_000)))


def test_ordinary_images_pass(tar: Tar, member: Any) -> None:
    ordinary = member("etc", type=FOLDER), member("etc/passwd", content=b"root:x:0:0::/root:/bin/sh\n")
    elsewhere = member("srv/passwd", type=FIFO), member("bin", type=LINK, target="usr/bin")
    scan(tar(*ordinary, *elsewhere, member("etc/.wh.group"), member("etc/group-", type=LINK, target="group")))
