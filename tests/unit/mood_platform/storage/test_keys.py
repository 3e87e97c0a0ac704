"""Where objects lie: one module says it, later ones stand beside the first, and no other writes a key."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from mood_platform.storage import keys

RUN, CASE, CLAIM = UUID(int=1), UUID(int=2), UUID(int=3)
SOURCE = Path(keys.__file__).parents[1]
FOLDERS = tuple(f"{name}/" for name in (keys.SCANS, keys.LABELS, keys.IMAGES, keys.UPLOADS, "leaderboards"))
RUNS = f"{keys.RUNS}/"


def test_results_of_a_rescoring_and_after_dropped_cases_stand_beside_the_first() -> None:
    made = [
        keys.results_key(RUN),
        keys.results_key(RUN, rescoring=2),
        keys.results_key(RUN, dropped=2),
        keys.toy_report_key(RUN),
    ]
    assert [key.removeprefix(f"runs/{RUN}/") for key in made] == [
        "results.json",
        "results-2.json",
        "results-dropped-2.json",
        "toy_report.json",
    ]


def test_replicates_and_positives_are_named_after_what_they_stand_beside() -> None:
    results = keys.results_key(RUN, rescoring=1)
    assert keys.replicates_key(results, version=2, exact=False) == f"runs/{RUN}/replicates-1-v2.json"
    assert keys.replicates_key(results, version=2, exact=True) == f"runs/{RUN}/replicates-1-v2-exact.json"
    evidence = keys.evidence_key(RUN, CASE, CLAIM, rescoring=4)
    assert evidence == f"runs/{RUN}/{CASE}/{CLAIM}/evidence-4"
    assert keys.positives_key(evidence) == f"runs/{RUN}/{CASE}/{CLAIM}/positives-4"


def test_an_export_names_results_by_their_run() -> None:
    assert keys.exported_results(keys.results_key(RUN)) == f"{RUN}.json"
    assert keys.exported_results(keys.results_key(RUN, rescoring=3)) == f"{RUN}-3.json"


def test_what_is_removed_after_a_while_is_known_by_its_key() -> None:
    left = {name: keys.attempt_key(RUN, CASE, CLAIM, name) for name in ("prediction", "log", "evidence")}
    assert keys.as_leftover(left["prediction"]) == (RUN, "prediction")
    assert keys.as_leftover(left["log"]) == (RUN, "log")
    assert keys.as_leftover(left["evidence"]) is None
    assert keys.as_leftover(keys.results_key(RUN)) is None


def test_the_key_of_an_archive_leads_back_to_its_image() -> None:
    assert keys.digest_of(keys.image_key("sha256:ab")) == "sha256:ab"


def test_no_other_module_writes_a_key_or_takes_one_apart() -> None:
    """Paths of the API begin with runs/ too: there only an f-string with what lies below a Run is a key."""
    found = {
        f"{path.relative_to(SOURCE)}: {text}"
        for path in SOURCE.rglob("*.py")
        if path.parent.name != "versions" and path != Path(keys.__file__)
        for text in written_keys(path.read_text())
    }
    assert found == set()


def test_each_way_to_write_a_key_is_noticed() -> None:
    for code in ('f"cases/{sha}.nii.gz"', '"images/"', 'f"runs/{run}/results.json"', 'key.split("/")'):
        assert list(written_keys(code)), code


def written_keys(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        text = ast.unparse(node)
        if isinstance(node, ast.Call) and text in ("key.split('/')", "key.rsplit('/', 1)"):
            yield text
        written = str(node.value) if isinstance(node, ast.Constant) else ""
        if written.startswith(FOLDERS) and " " not in written:
            yield text
        if isinstance(node, ast.JoinedStr) and text.startswith(f"f'{RUNS}"):
            yield text
