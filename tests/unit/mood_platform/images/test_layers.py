"""Layers: who sees which file, through links, whiteouts and covered folders."""

import io
import tarfile
from typing import Any

import pytest

from mood_platform.contract import CASE_USERS, GROUP
from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.images.layers import Access, ImageFiles, Kind, Layer, scan_layer
from mood_platform.images.streams import Budget

OWNER = 65532


def layer(tar: Any, *members: Any) -> Layer:
    return scan_layer(
        io.BytesIO(tar(*members)), budget=Budget(2**30), files=Budget(100, FailureReason.IMAGE_TOO_COMPLEX)
    )


def see(path: str, *layers: Layer) -> Access:
    return ImageFiles(layers).access(path)


def is_file(access: Access) -> bool:
    return access.entry is not None and access.entry.kind is Kind.FILE and access.barrier is None


@pytest.mark.parametrize("name", ["a/f", "./a/f", "/a/f", "a//f"])
def test_names_are_taken_in_every_form(tar: Any, member: Any, name: str) -> None:
    assert is_file(see("/a/f", layer(tar, member(name))))


def test_a_whiteout_hides_what_lies_below(tar: Any, member: Any) -> None:
    below, above = layer(tar, member("a/f"), member("a/g")), layer(tar, member("a/.wh.f"))
    assert see("/a/f", below, above).entry is None
    assert is_file(see("/a/g", below, above))


def test_a_whiteout_of_a_folder_hides_all_in_it(tar: Any, member: Any) -> None:
    below, above = layer(tar, member("a/b/f")), layer(tar, member(".wh.a"))
    assert see("/a/b/f", below, above).entry is None


def test_an_opaque_folder_hides_its_old_content_only(tar: Any, member: Any) -> None:
    below, above = layer(tar, member("a/old")), layer(tar, member("a/.wh..wh..opq"), member("a/new"))
    assert see("/a/old", below, above).entry is None
    assert is_file(see("/a/new", below, above))


def test_a_file_in_the_place_of_a_folder_hides_its_content(tar: Any, member: Any) -> None:
    assert see("/a/f", layer(tar, member("a/f")), layer(tar, member("a"))).entry is None


def test_what_a_later_layer_puts_back_is_there(tar: Any, member: Any) -> None:
    layers = layer(tar, member("a/f")), layer(tar, member("a/.wh.f")), layer(tar, member("a/f"))
    assert is_file(see("/a/f", *layers))


def test_links_are_followed_inside_the_image(tar: Any, member: Any) -> None:
    link = member("w", type=tarfile.SYMTYPE, target="/opt/app")
    climbing = member("opt/app/run", type=tarfile.SYMTYPE, target="../../../../opt/real")
    assert is_file(see("/w/run", layer(tar, link, climbing, member("opt/real"))))


def test_a_hard_link_is_its_target(tar: Any, member: Any) -> None:
    link = member("b", type=tarfile.LNKTYPE, target="a")
    assert see("/b", layer(tar, member("a", mode=0o600), link)).barrier == "/b"


def test_a_link_to_itself_leads_nowhere(tar: Any, member: Any) -> None:
    assert see("/a", layer(tar, member("a", type=tarfile.SYMTYPE, target="a"))).entry is None


def test_a_folder_keeps_its_rights_when_a_later_layer_only_implies_it(tar: Any, member: Any) -> None:
    below = layer(tar, member("a", type=tarfile.DIRTYPE, mode=0o700))
    assert see("/a/f", below, layer(tar, member("a/f"))).barrier == "/a"


def test_the_owner_65532_is_no_case_and_its_own_rights_help_nobody(tar: Any, member: Any) -> None:
    own = layer(tar, member("mine", mode=0o700, uid=OWNER), member("odd", mode=0o044, uid=OWNER))
    assert see("/mine", own).barrier == "/mine"
    assert is_file(see("/odd", own))


@pytest.mark.parametrize(
    ("mode", "readable"), [(0o640, True), (0o604, False), (0o644, True), (0o600, False), (0o040, True)]
)
def test_a_file_of_the_group_of_cases_is_read_by_the_rights_of_its_group(
    tar: Any, member: Any, mode: int, readable: bool
) -> None:
    assert is_file(see("/f", layer(tar, member("f", mode=mode, uid=OWNER, gid=GROUP)))) is readable


@pytest.mark.parametrize(("mode", "readable"), [(0o004, False), (0o404, True), (0o400, False)])
def test_a_file_of_a_user_that_one_case_may_have_is_readable_if_all_cases_may_read_it(
    tar: Any, member: Any, mode: int, readable: bool
) -> None:
    assert is_file(see("/f", layer(tar, member("f", mode=mode, uid=CASE_USERS[3])))) is readable


def test_what_its_owner_keeps_for_itself_is_named_unless_a_later_layer_opens_or_removes_it(
    tar: Any, member: Any
) -> None:
    below = layer(
        tar,
        *(member(f"w/{name}", mode=0o600, uid=OWNER) for name in ("kept", "opened", "removed")),
        member("w/folder", type=tarfile.DIRTYPE, mode=0o700, uid=OWNER),
        member("w/folder/open", uid=OWNER),
        member("home/nonroot", type=tarfile.DIRTYPE, mode=0o700, uid=OWNER),  # empty: it keeps nothing back
        member("w/of-root", mode=0o600),
        member("elsewhere", mode=0o600, uid=OWNER),
        member("w/link", type=tarfile.SYMTYPE, target="kept", uid=OWNER),
    )
    above = layer(tar, member("w/opened", mode=0o644, uid=OWNER), member("w/.wh.removed"))
    closed = ImageFiles([below, above]).closed(owner=OWNER, covered=())
    assert closed == ["/elsewhere", "/w/folder", "/w/kept"]


def test_of_a_closed_folder_and_the_closed_files_in_it_the_folder_alone_is_named(
    tar: Any, member: Any
) -> None:
    folder = member("opt/m", type=tarfile.DIRTYPE, mode=0o700, uid=OWNER)
    files = layer(tar, folder, *(member(f"opt/m/{index}", mode=0o600, uid=OWNER) for index in range(9)))
    assert ImageFiles([files]).closed(owner=OWNER, covered=()) == ["/opt/m"]


def test_what_lies_where_a_case_sees_nothing_of_its_image_is_not_named(tar: Any, member: Any) -> None:
    files = layer(tar, *(member(f"{name}/f", mode=0o600, uid=OWNER) for name in ("tmp", "tmpfiles")))
    assert ImageFiles([files]).closed(owner=OWNER, covered=("/tmp",)) == ["/tmpfiles/f"]


def test_a_layer_of_countless_files_is_refused(tar: Any, member: Any) -> None:
    with pytest.raises(SubmissionFault) as caught:
        layer(tar, *(member(f"f{index}") for index in range(101)))
    assert caught.value.reason is FailureReason.IMAGE_TOO_COMPLEX
