"""Documentation says what the code says: every failure reason, job, setting and layer is described."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from mood_platform.accounts.reasons import READER_OF
from mood_platform.failures import FailureReason

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_reason_is_documented_with_its_exact_text(reason: FailureReason) -> None:
    assert (
        f"| `{reason.value}` | {reason.blame} | {reason.text} |" in (DOCS / "failure-reasons.md").read_text()
    )


def test_the_organizer_guide_says_of_every_reason_who_reads_it() -> None:
    page = (DOCS / "organizer-guide.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+\.\w+)` \| (the team|organizers alone) \|$", page, re.MULTILINE))
    assert rows == {action: reader.value for action, reader in READER_OF.items()}


def test_every_layer_of_the_platform_is_in_the_architecture_page() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["name"] == "Layers of the platform")[
        "layers"
    ]
    page = (DOCS / "architecture.md").read_text()
    for layer in " | ".join(layers).split(" | "):
        assert f"`{layer}`" in page, layer


def test_the_guides_program_is_valid_python_and_its_dockerfile_copies_all_four_scripts() -> None:
    page = (DOCS / "participant-guide.md").read_text()
    ast.parse(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0])
    dockerfile = re.findall(r"```dockerfile\n(.*?)```", page, re.DOTALL)[0]
    for task in ("sample", "pixel"):
        for dataset in ("brain", "abdom"):
            assert f"run_{task}_{dataset}.sh" in dockerfile


def test_every_make_target_named_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert named <= targets


PROOFS = sorted(set(re.findall(r"`(tests/[a-z_/]+\.py)::(test_\w+)`", (DOCS / "security.md").read_text())))


@pytest.mark.parametrize(("file", "name"), PROOFS, ids=[name for _, name in PROOFS])
def test_every_protection_names_a_test_that_exists(file: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / file).read_text()


def test_every_row_of_the_security_page_names_a_proof() -> None:
    page = re.sub(
        r"## What may be known.*?(?=\n## )", "", (DOCS / "security.md").read_text(), flags=re.DOTALL
    )
    rows = [row for row in page.splitlines() if row.startswith("| ")]
    attacks = [row for row in rows if not row.startswith(("| Attack ", "| What fails "))]
    assert attacks
    assert [row for row in attacks if "::test_" not in row] == []
