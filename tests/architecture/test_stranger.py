"""What a stranger gets who has only the wheels: licences, one version, words that need no repository."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob("*/pyproject.toml"))
MODULES = sorted(path for path in ROOT.glob("*/src/**/*.py") if "mood_studies" not in path.parts)
OF_THE_REPOSITORY = re.compile(
    r"\b(infra|tests|studies|\w+/src)/\w|\bdocs/[\w-]+\.md\b|\bmake -C\b|(`|: )make [a-z]"
)


def by_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def project(package: Path) -> dict[str, Any]:
    return dict(tomllib.loads((package / "pyproject.toml").read_text())["project"])


@pytest.mark.parametrize("package", PACKAGES, ids=by_name)
def test_a_package_carries_the_licence_of_the_repository_word_for_word(package: Path) -> None:
    assert (package / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert project(package)["license"].split()[0] == "Apache-2.0"
    assert all((package / file).is_file() for file in project(package)["license-files"])


@pytest.mark.parametrize("package", PACKAGES, ids=by_name)
def test_a_packages_version_stands_in_its_pyproject_alone(package: Path) -> None:
    its = project(package)
    named = re.compile(rf"\b(?<!\.){re.escape(its['version'])}\b(?!\.)")
    assert [by_name(path) for path in package.glob("src/**/*.py") if named.search(path.read_text())] == []


@pytest.mark.parametrize("package", PACKAGES, ids=by_name)
def test_the_changelog_has_a_section_for_the_version_of_every_package(package: Path) -> None:
    its = project(package)
    assert re.search(
        rf"^## .*\b{its['name']} {re.escape(its['version'])}\b",
        (ROOT / "CHANGELOG.md").read_text(),
        re.MULTILINE,
    )


def test_the_notice_names_every_scan_and_where_it_comes_from() -> None:
    notice = (ROOT / "NOTICE").read_text()
    scans = [path.name for path in ROOT.glob("test_sets/src/**/*.nii.gz")]
    assert len(scans) == 5
    assert [name for name in scans if name not in notice] == []
    assert all((ROOT / file).is_file() for file in re.findall(r"[\w/]+\.md", notice))


def test_the_citation_is_one_that_tools_can_read() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["license"] == "Apache-2.0"


def test_hooks_are_local_and_run_what_the_makefile_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    entries = {hook["entry"].split()[0] for hook in config["repos"][0]["hooks"]}
    assert entries == {f".venv/bin/{name}" for name in ("ruff", "mypy", "lint-imports")}


def _said(path: Path) -> Iterator[str]:
    """Texts of a module that are not its docstrings: what a program prints or raises."""
    tree = ast.parse(path.read_text())
    quiet = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet:
            yield node.value


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_nothing_that_a_package_says_names_a_file_of_the_repository(path: Path) -> None:
    assert [text for text in _said(path) if OF_THE_REPOSITORY.search(text)] == []
