"""Every hostile archive gets its reason, a sentence that says what is wrong, and leaves nothing behind."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.images.archive import rewrite_archive
from mood_platform.images.intake_child import check_image
from mood_support.archive_attacks import ATTACKS, LIMIT, Attack
from mood_support.archive_bombs import BOMB_MEMORY
from mood_support.image_archives import inspect_archive

Write = Callable[[Any], Path]
REFUSED = [attack for attack in ATTACKS if attack.reason is not None and not attack.bomb]
BOMBS = [attack for attack in ATTACKS if attack.bomb]
ACCEPTED = [attack for attack in ATTACKS if attack.reason is None]


def name_of(attack: Attack) -> str:
    return attack.name


def assert_told(attack: Attack, fault: SubmissionFault) -> None:
    assert (fault.reason, attack.says in fault.detail) == (attack.reason, True), fault.detail


@pytest.mark.parametrize("attack", REFUSED, ids=name_of)
def test_it_is_refused_with_its_reason_and_sentence(write: Write, tmp_path: Path, attack: Attack) -> None:
    target = tmp_path / "clean.tar"
    with pytest.raises(SubmissionFault) as caught:
        rewrite_archive(write(attack.build()), target, limit=LIMIT)
    assert_told(attack, caught.value)
    assert not target.exists()


@pytest.mark.parametrize("attack", BOMBS, ids=name_of)
def test_a_bomb_ends_only_the_process_that_looks_at_it(write: Write, tmp_path: Path, attack: Attack) -> None:
    target = tmp_path / "clean.tar"
    with pytest.raises(SubmissionFault) as caught:
        check_image(write(attack.build()), target, limit=2**29, memory=BOMB_MEMORY)
    assert_told(attack, caught.value)
    assert not target.exists()


@pytest.mark.parametrize("attack", ACCEPTED, ids=name_of)
def test_what_is_odd_but_fair_is_taken_and_nothing_of_it_but_the_image_is_kept(
    write: Write, tmp_path: Path, attack: Attack
) -> None:
    target = tmp_path / "clean.tar"
    facts = rewrite_archive(write(attack.build()), target, limit=LIMIT)
    assert inspect_archive(target, limit=LIMIT).digest == facts.digest
    with tarfile.open(target) as clean:
        names = clean.getnames()
        manifest = json.load(clean.extractfile("manifest.json"))  # type: ignore[arg-type]
    config = f"{facts.digest.removeprefix('sha256:')}.json"
    assert (manifest[0]["RepoTags"], manifest[0]["Config"]) == (None, config)
    assert sorted(names) == sorted({config, "manifest.json", *manifest[0]["Layers"]})


def test_the_table_names_every_reason_an_archive_can_get() -> None:
    meant = {reason for reason in FailureReason if reason.startswith("image_")}
    assert meant == {attack.reason for attack in ATTACKS} - {None}
