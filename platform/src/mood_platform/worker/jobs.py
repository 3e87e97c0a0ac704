"""The jobs: each takes ids, builds nothing, decides nothing; the services do."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from celery import Celery

from mood_platform.db.outages import OUTAGES, outages_told
from mood_platform.db.transaction import transaction
from mood_platform.errors import Transient
from mood_platform.keeping.images import collect_image
from mood_platform.keeping.leftovers import Due, remove_leftovers
from mood_platform.keeping.round import carry_out
from mood_platform.models import KeptKind, Stage
from mood_platform.nodes.attendance import Slot
from mood_platform.nodes.execute import work_once
from mood_platform.notifications.service import send_mail
from mood_platform.queueing import Job, SendMail
from mood_platform.runs.due import exclusively
from mood_platform.runs.sweeper import sweep
from mood_platform.scoring.replicates import draw_replicates
from mood_platform.scoring.rescore import rescore_run
from mood_platform.scoring.score_case import score_case
from mood_platform.scoring.score_run import score_run
from mood_platform.submissions.intake import Room, check_image
from mood_platform.submissions.purge import purge_uploads
from mood_platform.submissions.recheck import recheck_image
from mood_platform.submissions.uploads import finish_arrived
from mood_platform.worker.world import World

WorldOf = Callable[[], World]
"""Gives this process its one world."""
SlotOf = Callable[[], Slot]
"""Gives this process its one slot."""


def register_jobs(app: Celery, world: WorldOf, slot: SlotOf) -> None:
    """Under the names of `Job`, which are all that services know of them."""
    _register_node_jobs(app, slot)
    _register_evaluation_jobs(app, world)
    _register_intake_jobs(app, world)
    _register_upkeep_jobs(app, world)
    _register_retention_jobs(app, world)


def _register_node_jobs(app: Celery, slot: SlotOf) -> None:
    """Need a container engine and no label."""

    @app.task(name=Job.WORK)
    @outages_told("A case")
    def work(stage: str) -> None:  # noqa: ARG001 - any bell wakes a slot; the database says what comes first
        work_once(slot(), stages=slot_stages(app))


def _register_evaluation_jobs(app: Celery, world: WorldOf) -> None:
    """Need labels and no container engine."""

    @app.task(name=Job.SCORE_CASE)
    @outages_told("The scoring of a case")
    def score_one_case(case_run_id: str) -> None:
        score_case(world().evaluation, case_run_id=UUID(case_run_id))

    @app.task(name=Job.SCORE_RUN)
    @outages_told("The scoring of a run")
    def score_one_run(run_id: str) -> None:
        score_run(world().evaluation, run_id=UUID(run_id))

    @app.task(name=Job.RESCORE_RUN)
    @outages_told("Scoring a run again")
    def rescore_one_run(run_scoring_id: str) -> None:
        rescore_run(world().evaluation, run_scoring_id=UUID(run_scoring_id))

    @app.task(name=Job.DRAW_REPLICATES)
    @outages_told("Drawing the scans of a run again")
    def draw_replicates_of_run(replicates_id: str) -> None:
        draw_replicates(world().evaluation, replicates_id=UUID(replicates_id))


def _register_intake_jobs(app: Celery, world: WorldOf) -> None:
    @app.task(name=Job.CHECK_IMAGE)
    @outages_told("The check of an image")
    def check_one_image(image_id: str) -> None:
        here = world()
        with exclusively(here.sessions, UUID(image_id)) as alone:
            if alone:
                storage = here.settings.storage
                check_image(
                    here.sessions,
                    here.queue,
                    here.store,
                    image_id=UUID(image_id),
                    limit=here.settings.api.upload_bytes_max,
                    room=Room(team_bytes=storage.team_bytes, keep_free=storage.free_bytes),
                )
                recheck_image(here.sessions, here.queue, here.store, image_id=UUID(image_id))


def _register_upkeep_jobs(app: Celery, world: WorldOf) -> None:
    """Short, so that none waits for long behind another."""

    @app.task(name=Job.SWEEP)
    def sweep_all() -> None:
        here = world()
        with outages_told("A sweep"):
            sweep(here.sessions, here.queue, max_attempts=here.settings.execution.max_attempts)
        with outages_told("The purge of old uploads"), transaction(here.sessions, here.queue) as tx:
            finish_arrived(tx, inbox=here.inbox)
            purge_uploads(tx, inbox=here.inbox)

    @app.task(name=Job.SEND_MAIL, autoretry_for=(*OUTAGES, Transient), retry_backoff=5, max_retries=12)
    def send_one_mail(kind: str, **about: str) -> None:
        here = world()
        if here.mailer is not None:
            with transaction(here.sessions, here.queue) as tx:
                order = SendMail.read(kind, **about)
                send_mail(tx, mailer=here.mailer, public_url=here.settings.api.public_url, order=order)


def _register_retention_jobs(app: Celery, world: WorldOf) -> None:
    """Need images, runs and mails; neither labels nor a container engine."""

    @app.task(name=Job.RETAIN)
    @outages_told("Retention")
    def carry_out_retention() -> None:
        here = world()
        days = here.settings.storage.unused_image_days
        carry_out(here.sessions, here.queue, here.store, unused_days=days, mails=here.mailer)

    @app.task(name=Job.COLLECT_IMAGE)
    @outages_told("Deleting an image")
    def collect_one_image(digest: str) -> None:
        collect_image(world().sessions, world().store, digest=digest)

    @app.task(name=Job.REMOVE_LEFTOVERS)
    @outages_told("Deleting what a toy run left")
    def remove_what_a_run_left(run_id: str) -> None:
        here = world()
        for kind in KeptKind:
            remove_leftovers(here.sessions, here.queue, here.store, Due(UUID(run_id), kind))


def slot_stages(app: Celery) -> frozenset[Stage]:
    """What this worker may run: the stages among the queues it was started with (-Q)."""
    return frozenset(Stage(name) for name in app.amqp.queues.consume_from if name in set(Stage))
