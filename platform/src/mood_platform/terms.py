"""Words of the platform that rooms without a database use too."""

from enum import StrEnum


class Stage(StrEnum):
    TOY = "toy"
    CHALLENGE = "challenge"
    ANALYSIS = "analysis"


class KeptKind(StrEnum):
    """What a case leaves in the object store, named as in its folder."""

    PREDICTION = "prediction"
    LOG = "log"


class MailKind(StrEnum):
    TOY_REPORT = "toy_report"
    RUN_SCORED = "run_scored"
    RUN_FAILED = "run_failed"
    RUN_GAVE_UP = "run_gave_up"
    """To the organizers: a Run failed for the platform's own reasons."""
    RUN_PARKED = "run_parked"
    """To the organizers, once a Run: cases of it are parked."""
    PREDICTION_UNFORESEEN = "prediction_unforeseen"
    """To the organizers: a prediction ended its reader in a way nobody foresaw."""
    RUN_HELD = "run_held"
    """To the organizers: its image is suspected of making Nodes fail, and they decide."""
    NODE_QUARANTINED = "node_quarantined"
    """To the organizers, once until it has run a case again."""
    SUBMISSION_EXCLUDED = "submission_excluded"
    SUBMISSION_INCLUDED = "submission_included"
    IMAGE_REJECTED = "image_rejected"
    IMAGE_LEAVES = "image_leaves"
    """Fourteen days before an image is removed."""
    RETENTION_BEGINS = "retention_begins"
    """To the organizers, once: what would go now, and when removal begins."""
    RETENTION_STOPPED = "retention_stopped"
    """To the organizers, once an edition: its stored rules cannot be read."""

    @property
    def about(self) -> str:
        """What it tells of: `run`, `image`, `retention` (a round of it) or `node`."""
        return _ABOUT.get(self, "run")


_ABOUT = {
    MailKind.IMAGE_REJECTED: "image",
    MailKind.IMAGE_LEAVES: "image",
    MailKind.RETENTION_BEGINS: "retention",
    MailKind.RETENTION_STOPPED: "retention",
    MailKind.NODE_QUARANTINED: "node",
}
