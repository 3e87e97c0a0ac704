"""The words of each mail; nothing computed from a hidden case ever enters them."""

from __future__ import annotations

from enum import StrEnum

from mood_platform.models import Image, Run, Submission


class MailKind(StrEnum):
    TOY_REPORT = "toy_report"
    RUN_SCORED = "run_scored"
    RUN_FAILED = "run_failed"
    SUBMISSION_EXCLUDED = "submission_excluded"
    IMAGE_REJECTED = "image_rejected"


def write_run_mail(kind: MailKind, *, submission: Submission, run: Run, url: str) -> tuple[str, str]:
    """Subject and body; `url` is the submission's page."""
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
        MailKind.RUN_FAILED: (f"{name}: failed", f"{reason}\n{url}"),
        MailKind.SUBMISSION_EXCLUDED: (f"{name}: excluded", f"{submission.state_reason}\n{url}"),
    }
    return words[kind]


def write_image_mail(image: Image) -> tuple[str, str]:
    reason = image.reason.text if image.reason else ""
    return f"Image {image.name}: not accepted", "\n".join(text for text in (reason, image.detail) if text)
