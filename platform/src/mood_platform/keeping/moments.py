"""When what was left comes to its end: rules of editions, publications, ends of Runs, last uses of images."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from mood_evaluator import Task
from mood_platform.challenges.queries import config_of
from mood_platform.challenges.retention import Retention, Rule
from mood_platform.challenges.window import takes_until
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Invalid
from mood_platform.models import Challenge, Leaderboard, Run, RunState, Stage, Submission, SubmissionState

ON_BOARDS = frozenset({Stage.CHALLENGE, Stage.ANALYSIS})


@dataclass(frozen=True, slots=True)
class Editions:
    """Rules and publications of all Challenges, read once a round."""

    rules: Mapping[UUID, Retention]
    published: Mapping[tuple[UUID, Task], datetime]
    """The newest version's moment: a correction begins the time anew."""
    entered: Mapping[UUID, Collection[Task]]
    """Tasks of a Challenge in which a Submission waits for a board, or stands on one."""
    open_until: Mapping[UUID, datetime]
    unread: Mapping[str, str]
    """By slug, why the stored rules of a Challenge cannot be read: what is its own stays until they can."""

    def run_ends(self, rule: Rule, run: Run, submission: Submission) -> datetime | None:
        """None: not before a board is published. No board is made of toy Runs, or of what came to nothing."""
        if not (rule.after_publication and run.stage in ON_BOARDS and run.state is RunState.SCORED):
            return rule.ends(run.state_since)
        published = self.published.get((submission.challenge_id, submission.task))
        return None if published is None else rule.ends(max(published, run.state_since))

    def image_ends(self, challenge_id: UUID, *, last_use: datetime) -> datetime | None:
        """None: it has no end yet, because of this Challenge."""
        rule, open_until = self.rules[challenge_id].images, self.open_until[challenge_id]
        if rule is None:
            return None
        if not rule.after_publication:
            return max(rule.ends(last_use), open_until)
        moments = [self.published.get((challenge_id, task)) for task in self.entered.get(challenge_id, ())]
        known = [moment for moment in moments if moment is not None]
        if len(known) < len(moments) or not known:
            return None
        return max(rule.ends(max(*known, last_use)), open_until)

    def longest(self, kind: str) -> Rule | None:
        """Of mails and audit, which belong to no edition: the longest rule that one of them states.

        None too while one cannot be read, for it may be longer.
        """
        if self.unread:
            return None
        rules: Iterable[Rule | None] = (getattr(one, kind) for one in self.rules.values())
        return max((rule for rule in rules if rule), key=lambda rule: rule.days, default=None)


def read_editions(tx: Transaction) -> Editions:
    challenges = tx.session.scalars(select(Challenge)).all()
    newest = select(Leaderboard.challenge_id, Leaderboard.task, func.max(Leaderboard.published_at))
    published = tx.session.execute(newest.group_by(Leaderboard.challenge_id, Leaderboard.task))
    standing = select(Submission.challenge_id, Submission.task).where(
        Submission.stage == Stage.CHALLENGE, Submission.state == SubmissionState.ACCEPTED
    )
    entered: dict[UUID, set[Task]] = {}
    for challenge_id, task in tx.session.execute(standing.distinct()):
        entered.setdefault(challenge_id, set()).add(task)
    rules, unread = _read_rules(challenges)
    return Editions(
        rules=rules,
        published={(challenge_id, task): moment for challenge_id, task, moment in published},
        entered=entered,
        open_until={row.id: takes_until(row) for row in challenges},
        unread=unread,
    )


def _read_rules(challenges: Iterable[Challenge]) -> tuple[dict[UUID, Retention], dict[str, str]]:
    """One that cannot be read stops only itself: nothing of it ends."""
    rules: dict[UUID, Retention] = {}
    unread: dict[str, str] = {}
    for row in challenges:
        try:
            rules[row.id] = config_of(row).retention
        except Invalid as error:
            rules[row.id], unread[row.slug] = Retention(), error.detail
    return rules, unread
