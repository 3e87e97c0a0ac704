"""A slot says that it is there, is tested when that is due, and says whether it may take a case."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from threading import Lock

from mood_platform.errors import Transient
from mood_platform.execution.gpu import missing_gpu
from mood_platform.execution.limits import GIB
from mood_platform.execution.runtime import ContainerRuntime, SelfTest
from mood_platform.nodes.caches import free_cache, free_engine
from mood_platform.nodes.door import Door, Presence
from mood_platform.nodes.node import Node
from mood_platform.terms import Stage

log = logging.getLogger(__name__)

PROBE_BYTES = 2**20
WHOSE = {
    "MOOD_EXECUTION__CACHE_FREE_BYTES": "The disk of the cache",
    "MOOD_EXECUTION__ENGINE_FREE_BYTES": "The disk of the Engine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What a slot works with."""

    door: Door
    runtime: ContainerRuntime
    node: Node
    turn: Lock = field(default_factory=Lock)
    """Held while it works on a case or is tested: one thing at a time."""


def attend(slot: Slot, *, stages: Collection[Stage]) -> bool:
    """Say that it is there; test it if that is due. True: it may claim. The caller has its turn."""
    unfit = find_unfitness(slot.node, slot.runtime, slot.door)
    fitness = slot.door.attend(_presence(slot.node, stages, unfit))
    if unfit is not None:
        return False
    return _pass_test(slot) if fitness.test_due else fitness.well


def _pass_test(slot: Slot) -> bool:
    node = slot.node
    problem = slot.runtime.self_test(_self_test_of(node))
    if problem is not None:
        log.error("No case is claimed here: the self-test of %s failed: %s", node.name, problem)
    slot.door.report_self_test(name=node.name, problem=problem)
    return problem is None


def leave_to_others(slot: Slot) -> None:
    """Ring for what waits, then rest before the next bell: another slot hears this one, and nobody spins."""
    slot.door.ring()
    rest(slot)


def rest(slot: Slot) -> None:
    time.sleep(slot.node.rest_seconds)


def find_unfitness(node: Node, runtime: ContainerRuntime, door: Door) -> str | None:
    """Why this Node can run nothing at the moment, seen without starting a container; None: it can."""
    problem = missing_gpu(node.gpu) or _find_lack(node, runtime) or door.find_lack()
    if problem is not None:
        log.error("No case is claimed here: %s", problem)
    return problem


def _find_lack(node: Node, runtime: ContainerRuntime) -> str | None:
    """Caches give way first: a Node is unfit when they have nothing left to give."""
    try:
        node.cache.mkdir(parents=True, exist_ok=True)
        free_cache(node, at_least=PROBE_BYTES)
        with tempfile.TemporaryFile(dir=node.cache, buffering=0) as probe:
            probe.write(bytes(PROBE_BYTES))
        free_engine(node, runtime)
        free = {
            "MOOD_EXECUTION__CACHE_FREE_BYTES": (shutil.disk_usage(node.cache).free, node.cache_free_bytes),
            "MOOD_EXECUTION__ENGINE_FREE_BYTES": (runtime.free_bytes(), node.engine_free_bytes),
        }
        if not runtime.has_image(node.holder_image):
            return f"The engine does not have the base image {node.holder_image}."
    except (OSError, Transient) as error:
        return str(error)
    for setting, (found, floor) in free.items():
        if found is not None and found < floor:
            return f"{WHOSE[setting]} has {found / GIB:.2f} GiB left of {floor / GIB:.2f} ({setting})."
    return None


def _presence(node: Node, stages: Collection[Stage], unfit: str | None) -> Presence:
    return Presence(name=node.name, machine=node.machine, stages=stages, facts=node.facts, unfit=unfit or "")


def _self_test_of(node: Node) -> SelfTest:
    return SelfTest(
        holder_image=node.holder_image,
        instance=node.instance,
        gpu=node.gpu,
        cpuset=node.cpuset,
        engine_free_bytes=node.engine_free_bytes,
    )
