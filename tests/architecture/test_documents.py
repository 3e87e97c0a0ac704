"""Only the classes of `documents` know the names of a stored document's fields; few values are any JSON."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "platform" / "src" / "mood_platform"
ANY_JSON = re.compile(r"\bdict\[str, Any\]|\bJson\b")
MOST_ANY_JSON = 20
NO_DOCUMENTS = {
    "answers of the API, whose fields docs/openapi.json tells": {
        "cli/account.py",
        "cli/admin.py",
        "cli/admin_boards.py",
        "cli/admin_drops.py",
        "cli/admin_keeping.py",
        "cli/admin_waiting.py",
        "cli/choices.py",
        "cli/client.py",
        "cli/entry.py",
        "cli/following.py",
        "cli/image.py",
        "cli/problems.py",
        "cli/results.py",
        "cli/submit.py",
        "cli/team.py",
        "cli/toy_sets.py",
        "cli/trial.py",
        "cli/uploads.py",
    },
    "what a container engine, cgroups or supervisord says": {
        "cli/archives.py",
        "execution/capacity.py",
        "execution/cgroups.py",
        "execution/container_options.py",
        "execution/docker.py",
        "execution/meter.py",
        "execution/transfer.py",
        "execution/watch.py",
        "machine/supervisor.py",
        "nodes/facts.py",
    },
    "what HTTP, mails, templates and checkers of requests say": {
        "api/tus.py",
        "http/errors.py",
        "http/middleware.py",
        "notifications/mailer.py",
        "web/app.py",
        "web/templating.py",
    },
    "settings of a machine": {"cli/machine.py", "machine/installation.py"},
    "tables of ours, by name": {"cli/admin_apply.py", "runs/turns.py"},
    "arguments of a job": {"queueing.py"},
    "what the child that checks an image answers, and the facts it found": {
        "images/image_config.py",
        "images/intake_child.py",
        "runs/checked.py",
        "submissions/recheck.py",
    },
    "columns: rules of an edition and a Run, the shape of a Case, the lines of an audit event": {
        "challenges/config.py",
        "models/challenge.py",
        "runs/claims.py",
        "runs/progress.py",
        "runs/schedule.py",
        "scoring/predictions.py",
        "views/challenge.py",
    },
}


def read_by_name(path: Path) -> Iterator[str]:
    """Each `value["name"]` of a module, with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str())):
                yield f"{path.relative_to(SOURCES)}:{node.lineno}: {ast.unparse(node)}"


def modules() -> list[Path]:
    rooms = {"documents", "migrations", "starter_kit"}
    return [one for one in sorted(SOURCES.rglob("*.py")) if one.relative_to(SOURCES).parts[0] not in rooms]


def test_no_document_is_read_by_the_names_of_its_fields_outside_its_class() -> None:
    known = set().union(*NO_DOCUMENTS.values())
    found = {str(one.relative_to(SOURCES)): list(read_by_name(one)) for one in modules()}
    assert [line for name, lines in found.items() if name not in known for line in lines] == []
    assert [name for name in sorted(known) if not found.get(name)] == [], "nothing there needs an exception"


def test_few_values_are_any_json() -> None:
    """An alias that says what it is of (`View`, `Options`) counts once, where it stands."""
    lines = [line for one in SOURCES.rglob("*.py") for line in one.read_text().splitlines()]
    assert sum(bool(ANY_JSON.search(line)) for line in lines) <= MOST_ANY_JSON
