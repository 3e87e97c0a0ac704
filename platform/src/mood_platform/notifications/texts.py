"""The words of each mail; nothing computed from a hidden case ever enters them."""

from __future__ import annotations

from mood_platform.clock import rfc3339
from mood_platform.models import Image, KnownNode, RetentionRound, Run, Submission
from mood_platform.terms import MailKind

ABOUT_RUNS = frozenset(kind for kind in MailKind if kind.about == "run")
TO_ORGANIZERS = frozenset(
    {MailKind.RUN_GAVE_UP, MailKind.RUN_PARKED, MailKind.RUN_HELD, MailKind.PREDICTION_UNFORESEEN}
)
"""Of the mails about a Run."""


def write_run_mail(
    kind: MailKind, *, submission: Submission, run: Run, url: str, unforeseen: str = ""
) -> tuple[str, str]:
    """Subject and body; `url` is the submission's page, `unforeseen` how a prediction ended its reader."""
    name = f"Submission #{submission.number} ({submission.task}, {submission.stage})"
    reason = run.reason.text if run.reason else ""
    words = {
        MailKind.TOY_REPORT: (
            f"{name}: the toy report is ready",
            f"The toy cases have run. Outcomes, times, scores and logs:\n{url}/report",
        ),
        MailKind.RUN_SCORED: (
            f"{name}: finished",
            f"All cases are done and scored. Results of hidden cases stay hidden until publication.\n{url}",
        ),
        MailKind.RUN_FAILED: (f"{name}: failed", f"{reason}\n{_cost_of_failure(submission)}\n{url}"),
        MailKind.RUN_GAVE_UP: (f"{name}: the platform gave up", _tell_organizers(submission, run, url)),
        MailKind.RUN_PARKED: (f"{name}: cases are parked", _tell_of_parked(submission, run, url)),
        MailKind.PREDICTION_UNFORESEEN: (
            f"{name}: a prediction that nobody foresaw",
            _tell_unforeseen(submission, run, url, unforeseen),
        ),
        MailKind.RUN_HELD: (f"{name}: held, you decide", _tell_of_held(submission, run, url)),
        MailKind.SUBMISSION_EXCLUDED: (f"{name}: excluded", f"{submission.state_reason}\n{url}"),
        MailKind.SUBMISSION_INCLUDED: (f"{name}: included again", f"{submission.state_reason}\n{url}"),
    }
    return words[kind]


def _name(submission: Submission) -> str:
    """As organizers' commands take it."""
    return f"{submission.team.handle}#{submission.number}"


def _tell_organizers(submission: Submission, run: Run, url: str) -> str:
    return "\n".join(
        (
            f"Run {run.number} of this submission of team {submission.team.handle} failed: our fault.",
            run.reason.text if run.reason else "",
            f"See what happened: mood admin show {_name(submission)}",
            f"Start it again: mood admin rerun {_name(submission)} --reason TEXT",
            url,
        )
    )


def _tell_of_parked(submission: Submission, run: Run, url: str) -> str:
    return "\n".join(
        (
            f"We failed to run or to score cases of run {run.number} of team {submission.team.handle}.",
            "They are parked; everything else of the run goes on, and nobody is charged for it.",
            f"See what happened: mood admin show {_name(submission)}",
            "What waits for you, and which nodes are unwell: mood admin status, mood admin nodes",
            f"Try the parked cases again: mood admin resume {_name(submission)}/{run.number}",
            "If they cannot run before you publish, count them for no team: mood admin drop-case",
            url,
        )
    )


def _tell_unforeseen(submission: Submission, run: Run, url: str, how: str) -> str:
    return "\n".join(
        (
            f"A prediction of run {run.number} of this submission of team {submission.team.handle} ended its",
            "reader in a way that nobody foresaw. It counts as unreadable, and its bytes are kept.",
            "Is it sound? Mend the evaluator and score again:",
            f"mood admin rescore --task {submission.task} --reason TEXT",
            "Further ones of this run are not mailed.",
            url,
            "",
            how,
        )
    )


def _tell_of_held(submission: Submission, run: Run, url: str) -> str:
    decide = f"mood admin decide {_name(submission)}/{run.number}"
    return "\n".join(
        (
            f"Run {run.number} of team {submission.team.handle} is held. {run.held_why}",
            "None of its cases runs until you have decided; nobody is charged meanwhile.",
            f"See what happened: mood admin show {_name(submission)}",
            f"The image is the cause, its open cases count as crashed: {decide} team",
            f"The cause is ours, its open cases run again: {decide} ours",
            url,
        )
    )


def _cost_of_failure(submission: Submission) -> str:
    """A failed Run is refunded, unless an earlier one of the same Submission was scored."""
    if submission.costs:
        return "The result of its earlier run stands."
    return "It does not count against your quota."


def write_image_mail(image: Image) -> tuple[str, str]:
    reason = image.reason.text if image.reason else ""
    return f"Image {image.name}: not accepted", "\n".join(text for text in (reason, image.detail) if text)


def write_leaving_mail(image: Image) -> tuple[str, str]:
    day = "soon" if image.leaves_at is None else f"at {rfc3339(image.leaves_at)}"
    lines = (
        f"Its time is over: the platform removes its archive {day}. Results, scores and reports stay.",
        "Keep a copy of your own if you need it again. Organizers can hold it for a stated reason.",
        f"Image SHA-256: {image.digest}",
    )
    return f"Image {image.name}: it is removed {day}", "\n".join(lines)


def write_retention_mail(row: RetentionRound) -> tuple[str, str]:
    """Of the first round, which removed nothing."""
    found = row.report
    lines = [
        f"{kind}: {due.objects} of {due.runs} runs, {due.bytes} bytes"
        for kind, due in found.leftovers.items()
    ]
    images = [
        f"{one.team}: {one.name}, {one.bytes} bytes, not before {one.leaves_at}" for one in found.images.told
    ]
    return (
        f"Retention is carried out from {found.begins_at} on",
        "\n".join(
            (
                f"Until {found.begins_at} nothing is removed. After that, each day, what has come to",
                "its end by the retention of challenge.yaml. Today this would be:",
                *lines,
                f"images, whose teams have been told: {len(images)}",
                *images,
                "Look: mood admin retention --dry-run",
                "Keep something longer: mood admin hold RUN|TEAM|CHALLENGE --until DAY --reason TEXT,",
                "or change retention in challenge.yaml and apply it.",
            )
        ),
    )


def write_stopped_mail(row: RetentionRound) -> tuple[str, str]:
    return "Retention stands still for an edition", "\n".join(
        (
            "The stored rules of these editions cannot be read. Nothing of them is removed until they can,",
            "and no mail and no audit event of the platform; all other editions go on.",
            *(f"{slug}: {why}" for slug, why in row.report.unread.items()),
            "Correct challenge.yaml and apply it: mood admin apply FILE",
        )
    )


def write_node_mail(node: KnownNode) -> tuple[str, str]:
    return f"Node {node.name}: quarantined", "\n".join(
        (
            f"Node {node.name} on {node.machine} gets no case until its self-test passes.",
            node.quarantine_why,
            "What it parked is queued again then, once. All nodes: mood admin nodes",
            f"Let it run cases again: mood admin node release {node.name}",
        )
    )
