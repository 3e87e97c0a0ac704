"""Removes this node's leftovers whose claim is not live: containers, volumes, folders of killed workers."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from mood_platform.errors import Transient
from mood_platform.execution.runtime import ContainerRuntime
from mood_platform.nodes.door import Door
from mood_platform.nodes.node import case_folders


def reap(door: Door, runtime: ContainerRuntime, *, instance: str, cache: Path | None = None) -> int:
    """Remove what is left of dead claims; gives their number. Twice, or twice at once, is harmless."""
    held = runtime.claims(instance=instance)
    folders = {} if cache is None else case_folders(cache, instance=instance)
    by_id = {name: _uuid(name) for name in held | folders.keys()}
    if not by_id:
        return 0
    live = door.live_claims([claim_id for claim_id in by_id.values() if claim_id is not None])
    dead = sorted(name for name, claim_id in by_id.items() if claim_id not in live)
    for name in dead:
        if name in held:
            with suppress(Transient):  # logged there; one that resists must not protect the others
                runtime.remove_claim(name)
        if name in folders:
            shutil.rmtree(folders[name], ignore_errors=True)
    return len(dead)


def _uuid(name: str) -> UUID | None:
    """A label that is no claim id cannot be live."""
    try:
        return UUID(name)
    except ValueError:
        return None
