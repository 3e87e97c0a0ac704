"""Layers: who sees which file, through links, whiteouts and covered folders."""

import io
import tarfile
from typing import Any

import pytest

from mood_platform.errors import SubmissionFault
from mood_platform.execution.layers import Access, ImageFiles, Kind, Layer, scan_layer
from mood_platform.execution.streams import Budget
from mood_platform.failures import FailureReason

USER = 65532


def layer(tar: Any, *members: Any) -> Layer:
    return scan_layer(
        io.BytesIO(tar(*members)), budget=Budget(2**30), files=Budget(100, FailureReason.IMAGE_TOO_COMPLEX)
    )


def see(path: str, *layers: Layer) -> Access:
    return ImageFiles(layers).access(path, user=USER)


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


def test_the_owner_reads_by_its_own_rights(tar: Any, member: Any) -> None:
    own = layer(tar, member("mine", mode=0o400, uid=USER), member("odd", mode=0o044, uid=USER))
    assert is_file(see("/mine", own))
    assert see("/odd", own).barrier == "/odd"


def test_a_layer_of_countless_files_is_refused(tar: Any, member: Any) -> None:
    with pytest.raises(SubmissionFault) as caught:
        layer(tar, *(member(f"f{index}") for index in range(101)))
    assert caught.value.reason is FailureReason.IMAGE_TOO_COMPLEX
