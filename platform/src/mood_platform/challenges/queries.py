"""Reads challenges and installed test sets."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from mood_evaluator import Dataset, Task
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.window import is_open
from mood_platform.db.transaction import Transaction
from mood_platform.documents.run_test_sets import RunTestSets
from mood_platform.errors import Invalid, Misconfigured, NotFound
from mood_platform.models import AuditEvent, Case, Challenge, Stage, TestSet
from mood_platform.models.test_set import PUBLIC_PURPOSE


def list_challenges(tx: Transaction) -> Sequence[Challenge]:
    return tx.session.scalars(select(Challenge).order_by(Challenge.opens, Challenge.slug)).all()


def find_challenge(tx: Transaction, *, slug: str) -> Challenge:
    challenge = tx.session.scalar(select(Challenge).where(Challenge.slug == slug))
    if challenge is None:
        raise NotFound(f"There is no challenge {slug!r}.", remedy="GET /api/v1/challenges lists them.")
    return challenge


def choose_challenge(tx: Transaction, *, slug: str | None) -> Challenge:
    """The edition named; else the one that is open, or the only one there is."""
    if slug is not None:
        return find_challenge(tx, slug=slug)
    known = list_challenges(tx)
    opened = [challenge for challenge in known if is_open(challenge, now=tx.now)]
    candidates = opened or known
    if len(candidates) == 1:
        return candidates[0]
    names = ", ".join(challenge.slug for challenge in candidates) or "none"
    which = "open" if opened else "known"
    raise Invalid(
        f"Field challenge: it is missing, and {len(candidates)} challenges are {which} ({names}).",
        remedy="Name the one that is meant.",
    )


def config_of(challenge: Challenge) -> ChallengeConfig:
    """The checked rules; a stored config was checked when it was applied, by the rules of its day."""
    return ChallengeConfig.restore(challenge.config, file=f"challenge {challenge.slug}")


def find_newest_test_set(tx: Transaction, name: str) -> TestSet | None:
    newest = (TestSet.installed_at.desc(), TestSet.id)
    return tx.session.scalar(select(TestSet).where(TestSet.name == name).order_by(*newest).limit(1))


def newest_test_set(tx: Transaction, name: str) -> TestSet:
    found = find_newest_test_set(tx, name)
    if found is None:
        raise NotFound(f"The test set {name!r} is not installed.", remedy="Run `mood admin import FOLDER`.")
    return found


def find_public_test_set(tx: Transaction, *, name: str) -> TestSet:
    """A toy set; a hidden one looks like one that does not exist, and takes as long to be not found."""
    newest = (TestSet.installed_at.desc(), TestSet.id)
    public = select(TestSet).where(TestSet.name == name, TestSet.purpose == PUBLIC_PURPOSE)
    found = tx.session.scalar(public.order_by(*newest).limit(1))
    if found is None:
        raise NotFound(
            f"There is no public test set {name!r}.", remedy="GET /api/v1/challenges names the toy sets."
        )
    return found


def stage_test_sets(tx: Transaction, challenge: Challenge, stage: Stage) -> dict[Dataset, list[TestSet]]:
    """The newest installed version of every test set the challenge names for this stage."""
    named = config_of(challenge).stages[stage]
    try:
        sets = {dataset: [newest_test_set(tx, name) for name in names] for dataset, names in named.items()}
    except NotFound as error:
        raise Misconfigured(
            f"Challenge {challenge.slug}, stages.{stage}: {error.detail}", remedy=error.remedy
        ) from error
    for dataset, test_sets in sets.items():
        for test_set in test_sets:
            _check_kind(challenge, stage, dataset, test_set)
    return sets


def _check_kind(challenge: Challenge, stage: Stage, dataset: Dataset, test_set: TestSet) -> None:
    """Logs and scores of toy cases go to the team, so a slip in the rules must not make hidden cases toy."""
    if test_set.dataset is not dataset or test_set.public is not (stage is Stage.TOY):
        raise Misconfigured(
            f"Challenge {challenge.slug}, stages.{stage}.{dataset}: {test_set.name} is a {test_set.purpose} "
            f"set of {test_set.dataset}.",
            remedy="Name a toy set for the toy stage, a hidden one for the challenge stage.",
        )


def run_test_sets(tx: Transaction, *, challenge: Challenge, stage: Stage) -> RunTestSets:
    """What a Run of this stage executes: its Dataset's toy set first, then the stage's own."""
    toy = stage_test_sets(tx, challenge, Stage.TOY)
    main = stage_test_sets(tx, challenge, stage) if stage is not Stage.TOY else {}
    return RunTestSets(
        toy={dataset: str(sets[0].id) for dataset, sets in toy.items()},
        main={dataset: tuple(str(test_set.id) for test_set in sets) for dataset, sets in main.items()},
    )


def cases_of(tx: Transaction, *, test_set: TestSet, task: Task | None = None) -> Sequence[Case]:
    """In the manifest's order; with `task`, only the Cases of that Task."""
    query = select(Case).where(Case.test_set_id == test_set.id).order_by(Case.position)
    if task is not None:
        query = query.where(Case.tasks.contains([str(task)]))
    return tx.session.scalars(query).all()


def rule_changes(tx: Transaction, challenge: Challenge) -> Sequence[AuditEvent]:
    """Those with a reason, which are the ones made when there were Submissions; newest first."""
    mine = (
        AuditEvent.subject == f"challenge:{challenge.id}",
        AuditEvent.action == "challenge.apply",
        AuditEvent.reason != "",
    )
    return tx.session.scalars(select(AuditEvent).where(*mine).order_by(AuditEvent.at.desc())).all()
