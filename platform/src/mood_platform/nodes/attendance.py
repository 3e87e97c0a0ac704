"""A slot says that it is there, is tested when that is due, and says whether it may take a case."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from threading import Lock

from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.errors import Transient
from mood_platform.execution.gpu import missing_gpu
from mood_platform.execution.limits import GIB
from mood_platform.execution.runtime import ContainerRuntime, SelfTest
from mood_platform.models import Health, Stage
from mood_platform.nodes.caches import free_cache, free_engine
from mood_platform.nodes.node import Node
from mood_platform.queueing import Job, JobQueue
from mood_platform.runs.node_health import Presence, is_test_due, lock_node, see
from mood_platform.runs.schedule import ring_for_waiting_work
from mood_platform.runs.suspicion import report_self_test
from mood_platform.storage.store import ObjectStore

log = logging.getLogger(__name__)

PROBE_BYTES = 2**20
WHOSE = {
    "MOOD_EXECUTION__CACHE_FREE_BYTES": "The disk of the cache",
    "MOOD_EXECUTION__ENGINE_FREE_BYTES": "The disk of the Engine",
    "MOOD_STORAGE__FREE_BYTES": "The disk of the object store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What a slot works with."""

    sessions: Sessions
    queue: JobQueue
    store: ObjectStore
    runtime: ContainerRuntime
    node: Node
    turn: Lock = field(default_factory=Lock)
    """Held while it works on a case or is tested: one thing at a time."""


def attend(slot: Slot, *, stages: Collection[Stage]) -> bool:
    """Say that it is there; test it if that is due. True: it may claim. The caller has its turn."""
    unfit = find_unfitness(slot.node, slot.runtime, slot.store)
    with transaction(slot.sessions, slot.queue) as tx:
        see(tx, _presence(slot.node, stages, unfit))
        node = lock_node(tx, name=slot.node.name)
        assert node is not None, "it was just seen"
        well, due = node.health is Health.WELL, is_test_due(tx, node)
    if unfit is not None:
        return False
    return _pass_test(slot) if due else well


def _pass_test(slot: Slot) -> bool:
    node = slot.node
    problem = slot.runtime.self_test(_self_test_of(node))
    if problem is not None:
        log.error("No case is claimed here: the self-test of %s failed: %s", node.name, problem)
    with transaction(slot.sessions, slot.queue) as tx:
        report_self_test(tx, name=node.name, problem=problem, lease_seconds=node.lease_seconds)
    return problem is None


def leave_to_others(slot: Slot) -> None:
    """Ring for what waits, then rest before the next bell: another slot hears this one, and nobody spins."""
    with transaction(slot.sessions, slot.queue) as tx:
        ring_for_waiting_work(tx)
    rest(slot)


def rest(slot: Slot) -> None:
    time.sleep(slot.node.rest_seconds)


def hears_again(jobs: Collection[tuple[str, dict[str, str]]], stages: Collection[Stage]) -> bool:
    """Whether a bell that was just rung would wake the slot that rang it."""
    return any(job == Job.WORK and Stage(arguments["stage"]) in stages for job, arguments in jobs)


def find_unfitness(node: Node, runtime: ContainerRuntime, store: ObjectStore) -> str | None:
    """Why this Node can run nothing at the moment, seen without starting a container; None: it can."""
    problem = missing_gpu(node.gpu) or _find_lack(node, runtime, store)
    if problem is not None:
        log.error("No case is claimed here: %s", problem)
    return problem


def _find_lack(node: Node, runtime: ContainerRuntime, store: ObjectStore) -> str | None:
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
            "MOOD_STORAGE__FREE_BYTES": (store.free_bytes(), node.store_free_bytes),
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
