"""The composition root of workers: what their jobs work with, built once per process."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.runtime import ContainerRuntime
from mood_platform.nodes.attendance import Slot
from mood_platform.nodes.facts import node_facts
from mood_platform.nodes.node import Node
from mood_platform.notifications.mailer import FolderMailer
from mood_platform.queueing import JobQueue
from mood_platform.runs.door import DatabaseDoor
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.scoring.score_case import Evaluation
from mood_platform.settings import ExecutionSettings, Settings
from mood_platform.storage.inbox import Inbox
from mood_platform.storage.local import LocalStore
from mood_platform.storage.store import ObjectStore
from mood_platform.worker.queue import CeleryQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What every worker has: neither an engine nor anything that is made for one kind of job."""

    settings: Settings
    sessions: Sessions
    queue: JobQueue
    store: ObjectStore
    inbox: Inbox
    mailer: FolderMailer | None
    """None: this installation sends no mails."""

    @property
    def evaluation(self) -> Evaluation:
        """Of a worker that scores: no engine is in its reach."""
        execution = self.settings.execution
        limits = ChildLimits(
            memory=execution.scoring_memory,
            cpu_seconds=execution.scoring_seconds,
            wall_seconds=2 * execution.scoring_seconds,
        )
        return Evaluation(
            sessions=self.sessions,
            queue=self.queue,
            store=self.store,
            limits=limits,
            threads=execution.scoring_threads,
            max_attempts=execution.max_attempts,
        )


def build_world(settings: Settings) -> World:
    database = settings.database
    return World(
        settings=settings,
        sessions=make_sessions(make_engine(database.url.get_secret_value(), pool_size=database.pool_size)),
        queue=CeleryQueue(settings),
        store=LocalStore(settings.storage.root),
        inbox=Inbox(settings.storage.root),
        mailer=None if settings.mail_folder is None else FolderMailer(settings.mail_folder),
    )


def build_slot(settings: Settings, *, runtime: ContainerRuntime | None = None) -> Slot:
    """Of a worker that runs cases, or of its node's reaper; tests hand in another runtime."""
    return Slot(
        door=open_door(build_world(settings)),
        runtime=runtime or DockerRuntime(base_url=settings.execution.docker_url),
        node=make_node(settings),
    )


def open_door(world: World) -> DatabaseDoor:
    """For slots on the platform's own machine."""
    execution = world.settings.execution
    return DatabaseDoor(
        sessions=world.sessions,
        queue=world.queue,
        store=world.store,
        lease_seconds=execution.lease_seconds,
        max_attempts=execution.max_attempts,
        toy_share=execution.toy_share,
        store_free_bytes=world.settings.storage.free_bytes,
    )


def make_node(settings: Settings) -> Node:
    execution: ExecutionSettings = settings.execution
    return Node(
        name=execution.node or socket.gethostname(),
        machine=execution.machine or socket.gethostname(),
        instance=execution.instance,
        holder_image=execution.holder_image,
        cache=execution.cache or settings.storage.root / "cache",
        facts=node_facts(docker_url=execution.docker_url, gpu=execution.gpu),
        gpu=execution.gpu,
        cpuset=execution.cpuset,
        heartbeat_seconds=execution.heartbeat_seconds,
        speed=execution.speed,
        rest_seconds=execution.rest_seconds,
        engine_free_bytes=execution.engine_free_bytes,
        cache_free_bytes=execution.cache_free_bytes,
        case_cache_bytes=execution.case_cache_bytes,
        image_cache_bytes=execution.image_cache_bytes,
    )
