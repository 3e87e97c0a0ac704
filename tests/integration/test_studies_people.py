"""The people of the demo and the study on a real server: registered once, logged in wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mood_platform.db.engine import Sessions
from mood_platform.storage.local import LocalStore
from mood_studies.driving.people import Person
from mood_studies.driving.stages import Stages
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as running:
        yield running


@pytest.fixture
def person(site: Site, tmp_path: Path) -> Person:
    return Person(Stages(tmp_path / "log"), "PCA residual", tmp_path / "people" / "pca", site.url)


def test_who_signs_in_again_at_another_address_is_the_same_person(person: Person) -> None:
    person.sign_in(team="PCA residual (Saase)")
    moved = replace(person, url=person.url.replace("127.0.0.1", "localhost"))
    moved.sign_in(team="PCA residual (Saase)")
    assert moved.ask("whoami")["team"]["handle"] == "pca-residual-saase"
    assert [one["slug"] for one in moved.items("challenges")]
    assert moved.submissions("toy") == []
