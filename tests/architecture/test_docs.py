"""Documentation says what the code says: every failure reason, job, setting and layer is described."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import BaseModel

from mood_platform.accounts.reasons import READER_OF, Reader
from mood_platform.challenges.config import ChallengeConfig, QuotaRule, Scoring
from mood_platform.challenges.retention import Retention
from mood_platform.execution.limits import Limits
from mood_platform.failures import FailureReason
from mood_platform.machine.settings_page import settings_page
from mood_platform.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_reason_is_documented_with_its_exact_text(reason: FailureReason) -> None:
    assert (
        f"| `{reason.value}` | {reason.blame} | {reason.text} |" in (DOCS / "failure-reasons.md").read_text()
    )


def test_the_page_of_settings_is_that_of_the_code_and_every_setting_has_words() -> None:
    page = (DOCS / "settings.md").read_text()
    assert page == settings_page(), "run: python -m mood_platform.machine.settings_page docs/settings.md"
    assert not re.findall(r"^\| `MOOD_\w+` \| [^|]+ \|  \|$", page, re.MULTILINE)


SOURCES = [
    (path, path.read_text())
    for path in (ROOT / "platform/src/mood_platform").rglob("*.py")
    if not {"testing", "migrations"} & set(path.parts)
]


def readers_of(field: str, *, but: str) -> list[str]:
    """Modules that read an attribute of this name, other than the one that declares it."""
    reads = re.compile(rf"\.{field}\b(?!\s*=[^=])")
    return [path.name for path, text in SOURCES if not path.as_posix().endswith(but) and reads.search(text)]


def fields_of(group: type[BaseModel]) -> list[str]:
    kinds = [(name, field.annotation) for name, field in group.model_fields.items()]
    return [
        one
        for name, kind in kinds
        for one in (fields_of(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else [name])
    ]


@pytest.mark.parametrize("field", sorted(set(fields_of(Settings))))
def test_every_setting_of_the_platform_is_read_by_something(field: str) -> None:
    assert readers_of(field, but="mood_platform/settings.py")


RULES = [*fields(ChallengeConfig), *fields(QuotaRule), *fields(Scoring)]


@pytest.mark.parametrize("field", sorted({field.name for field in RULES}))
def test_every_rule_of_an_edition_is_read_by_something(field: str) -> None:
    """A setting does what it says, or is refused by name; what a Run copies is read from its copy."""
    copied = [name for name, text in SOURCES if f'scoring["{field}"]' in text]
    assert copied or readers_of(field, but="challenges/config.py")


@pytest.mark.parametrize("field", sorted(field.name for field in fields(Limits)))
def test_every_limit_is_read_by_something(field: str) -> None:
    assert readers_of(field, but="execution/limits.py")


@pytest.mark.parametrize("field", sorted(field.name for field in fields(Retention)))
def test_every_rule_of_retention_is_read_by_something(field: str) -> None:
    named = [name for name, text in SOURCES if name.parent.name == "keeping" and f'"{field}"' in text]
    assert named or readers_of(field, but="challenges/retention.py")


def test_the_organizer_guide_says_of_every_reason_who_reads_it() -> None:
    page = (DOCS / "organizer-guide.md").read_text()
    readers = "|".join(Reader)
    rows = dict(re.findall(rf"^\| `(\w+\.\w+)` \| ({readers}) \|$", page, re.MULTILINE))
    assert rows == {action: reader.value for action, reader in READER_OF.items()}


def test_every_action_that_is_written_down_with_a_reason_says_who_reads_it() -> None:
    """Reasons of what the platform does by itself are its own words."""
    calls = re.compile(r"audit\((?:[^()]|\([^()]*\))*?\breason=reason(?:[^()]|\([^()]*\))*\)", re.DOTALL)
    found = {
        name
        for _, text in SOURCES
        for call in calls.findall(text)
        for name in re.findall(r'action="([^"]+)"', call)
    }
    assert len(found) > 8
    assert found <= set(READER_OF)


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


def targets(makefile: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", makefile.read_text(), re.MULTILINE))


PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("*/README.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    """`make X` in the list of every day, `make -C studies X` in that of the studies."""
    named = re.findall(r"(?:`|^|&& )make (-C studies )?([a-z-]+)(?=[ `\n])", page.read_text(), re.MULTILINE)
    known = {"": targets(ROOT / "Makefile"), "-C studies ": targets(ROOT / "studies" / "Makefile")}
    assert [f"make {where}{name}" for where, name in named if name not in known[where]] == []


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
