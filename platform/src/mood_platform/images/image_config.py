"""What an image says about itself: the checks on its configuration, and the facts worth keeping."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from mood_evaluator import Dataset, Task
from mood_platform.contract import COVERED, FORBIDDEN_WORKDIRS, is_under, script_of
from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.images.layers import Access, ImageFiles, Kind

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What JSON can say, but neither a kernel nor a database takes."""
PLATFORM = "linux/amd64"
CHECK = 3
"""Version of the check, raised when an image that passed may now be refused; 1 asked what 65532 reads, 2
looked for what it keeps for itself under /workspace alone.
"""
_USUAL_OWNER = 65532
"""Whom Dockerfiles for this contract name; no case runs as this user, so what it keeps for itself is lost."""
_MOST_NAMED = 5
_FORBIDDEN_ENV = frozenset({"LD_PRELOAD", "LD_AUDIT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """An accepted archive, in facts. `tasks` are those whose scripts are there for both datasets."""

    digest: str  # SHA-256 of the config JSON: the image's identity
    archive_sha256: str  # of the file as uploaded
    size: int  # bytes of the file as uploaded
    unpacked: int  # bytes of all layers
    architecture: str
    os: str
    entrypoint: tuple[str, ...]
    workdir: str
    env_names: tuple[str, ...]
    volumes: tuple[str, ...]
    tasks: tuple[Task, ...]
    created: str | None
    check: int = 1

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        lists = ("entrypoint", "env_names", "volumes")
        tuples: dict[str, Any] = {name: tuple(document[name]) for name in lists}
        return cls(**{**document, **tuples, "tasks": tuple(Task(task) for task in document["tasks"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """The checked fields of a config JSON."""

    diff_ids: tuple[str, ...]
    architecture: str
    os: str
    entrypoint: tuple[str, ...]
    workdir: str
    env_names: tuple[str, ...]
    volumes: tuple[str, ...]
    created: str | None


def parse_json(content: bytes, *, name: str) -> Any:
    """Strict where readers differ: what an engine would understand otherwise than we do is refused."""
    try:
        return json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise unreadable(f"{name} is not JSON.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands there twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(word)


def read_config(content: bytes) -> ImageConfig:
    """Reads the fields we rely on; every other type than the expected one is refused.

    What an engine says about an image is read, too: it has the same fields, except for the layers.
    """
    document = _fields(parse_json(content, name="The configuration"), "configuration")
    inner = _fields(document.get("config") or {}, "config")
    rootfs = _fields(document.get("rootfs"), "rootfs")
    created = document.get("created")
    return ImageConfig(
        diff_ids=_strings(rootfs.get("diff_ids"), "rootfs.diff_ids"),
        architecture=_typed(document.get("architecture", ""), str, "architecture"),
        os=_typed(document.get("os", ""), str, "os"),
        entrypoint=_strings(inner.get("entrypoint"), "config.Entrypoint"),
        workdir=_typed(inner.get("workingdir") or "", str, "config.WorkingDir"),
        env_names=_env_names(_strings(inner.get("env"), "config.Env")),
        volumes=_strings([*_typed(inner.get("volumes") or {}, dict, "config.Volumes")], "config.Volumes"),
        created=_typed(created, str, "created") if isinstance(created, str) else None,
    )


def _fields(value: Any, field: str) -> dict[str, Any]:
    """By lower-case name: an engine takes `ENV` for `Env`, so two of them would be two answers."""
    document = _typed(value, dict, field)
    found = {name.casefold(): content for name, content in document.items()}
    if len(found) != len(document):
        raise unreadable(f"{field} of the image holds a field twice.")
    return found


def check_config(config: ImageConfig) -> None:
    """Refuses what cannot run here, or would run outside the rules."""
    found = f"{config.os or '?'}/{config.architecture or '?'}"
    if found != PLATFORM:
        raise SubmissionFault(FailureReason.IMAGE_WRONG_PLATFORM, f"The image is built for {found}.")
    forbidden = sorted(_FORBIDDEN_ENV.intersection(config.env_names))
    if forbidden:
        raise SubmissionFault(FailureReason.IMAGE_FORBIDDEN_ENV, f"The image sets {forbidden[0]}.")
    if is_under(config.workdir, FORBIDDEN_WORKDIRS):
        raise SubmissionFault(FailureReason.IMAGE_WORKDIR, f"The WORKDIR is {config.workdir}.")
    for volume in config.volumes:
        hidden = posixpath.normpath(f"/{volume.lstrip('/')}")
        if any(is_under(script, (hidden,)) for task in Task for script in _scripts(task)):
            raise SubmissionFault(
                FailureReason.IMAGE_FORBIDDEN_VOLUME, f"The image declares VOLUME {volume}."
            )


def check_files(image: ImageFiles) -> tuple[Task, ...]:
    """The tasks that an image serves; refuses one that serves none, or keeps from cases what it holds."""
    tasks = find_tasks(image.access)
    check_owner(image)
    return tasks


def find_tasks(access: Callable[[str], Access]) -> tuple[Task, ...]:
    """The tasks that the image serves, by its run scripts; refuses an image that serves none."""
    found = {script: access(script) for task in Task for script in _scripts(task)}
    tasks = tuple(task for task in Task if all(_usable(found[script]) for script in _scripts(task)))
    if tasks:
        return tasks
    barriers = sorted({access.barrier for access in found.values() if access.barrier is not None})
    if barriers:
        raise SubmissionFault(
            FailureReason.IMAGE_SCRIPT_UNREADABLE, f"Not readable by other users: {', '.join(barriers)}."
        )
    missing = [script for script, access in found.items() if not _usable(access)]
    raise SubmissionFault(FailureReason.IMAGE_SCRIPT_MISSING, f"Missing: {', '.join(missing)}.")


def check_owner(image: ImageFiles) -> None:
    """Refuses an image in which the usual user keeps a file or a folder for itself, wherever it lies."""
    closed = image.closed(owner=_USUAL_OWNER, covered=COVERED)
    if closed:
        more = f" and {len(closed) - _MOST_NAMED} more" if len(closed) > _MOST_NAMED else ""
        raise SubmissionFault(
            FailureReason.IMAGE_SCRIPT_UNREADABLE,
            f"Readable by their owner {_USUAL_OWNER} alone: {', '.join(closed[:_MOST_NAMED])}{more}. "
            f"Add to the Dockerfile: RUN {_opening(closed)}",
        )


def _opening(closed: Sequence[str]) -> str:
    """The command that makes all of it readable."""
    if len(closed) > _MOST_NAMED:
        return f"find / -xdev -user {_USUAL_OWNER} -exec chmod a+rX {{}} +"
    return f"chmod -R a+rX {shlex.join(closed)}"


def unreadable(detail: str) -> SubmissionFault:
    return SubmissionFault(FailureReason.IMAGE_UNREADABLE, detail)


def _scripts(task: Task) -> list[str]:
    return [script_of(task, dataset) for dataset in Dataset]


def _usable(access: Access) -> bool:
    return access.entry is not None and access.entry.kind is Kind.FILE and access.barrier is None


def _env_names(env: tuple[str, ...]) -> tuple[str, ...]:
    """Names of what is set; an empty value takes a variable away rather than setting it."""
    pairs = [line.partition("=") for line in env]
    return tuple(name for name, _, value in pairs if value)


def _typed(value: Any, kind: type, field: str) -> Any:
    if not isinstance(value, kind):
        raise unreadable(f"{field} of the image is not a {kind.__name__}.")
    if isinstance(value, str) and _NO_TEXT.search(value):
        raise unreadable(f"{field} of the image holds a character that is no text.")
    return value


def _strings(value: Any, field: str) -> tuple[str, ...]:
    items = _typed([] if value is None else value, list, field)
    return tuple(_typed(item, str, field) for item in items)
