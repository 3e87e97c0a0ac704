"""Tables and their state rules, one table a file."""

from mood_platform.models.account import Team, Token, User
from mood_platform.models.base import Base, JsonColumn
from mood_platform.models.case_run import (
    CASE_RUN_TRANSITIONS,
    TEAM_FAULTS,
    TERMINAL,
    CaseRun,
    CaseRunState,
)
from mood_platform.models.challenge import Challenge
from mood_platform.models.entry import ENTRY_TRANSITIONS, Entry, EntryState
from mood_platform.models.event import AuditEvent, Event
from mood_platform.models.hold import Hold
from mood_platform.models.image import IMAGE_TRANSITIONS, Image, ImageState
from mood_platform.models.invitation import Invitation
from mood_platform.models.kept import KeptObject
from mood_platform.models.leaderboard import Leaderboard
from mood_platform.models.node import Health, KnownNode
from mood_platform.models.replicates import Replicates
from mood_platform.models.rescoring import SCORING_TRANSITIONS, Rescoring, RunScoring, ScoringState
from mood_platform.models.retention import RetentionRound
from mood_platform.models.run import ENDS, LIVE, LIVE_RUNS, RUN_TRANSITIONS, Run, RunState
from mood_platform.models.share import Account, CaseTurn, TeamShare
from mood_platform.models.submission import SUBMISSION_TRANSITIONS, Submission, SubmissionState
from mood_platform.models.test_set import Case, TestSet
from mood_platform.models.upload import UPLOAD_TRANSITIONS, Upload, UploadState
from mood_platform.terms import KeptKind, Stage

__all__ = [
    "CASE_RUN_TRANSITIONS",
    "ENDS",
    "ENTRY_TRANSITIONS",
    "IMAGE_TRANSITIONS",
    "LIVE",
    "LIVE_RUNS",
    "RUN_TRANSITIONS",
    "SCORING_TRANSITIONS",
    "SUBMISSION_TRANSITIONS",
    "TEAM_FAULTS",
    "TERMINAL",
    "UPLOAD_TRANSITIONS",
    "Account",
    "AuditEvent",
    "Base",
    "Case",
    "CaseRun",
    "CaseRunState",
    "CaseTurn",
    "Challenge",
    "Entry",
    "EntryState",
    "Event",
    "Health",
    "Hold",
    "Image",
    "ImageState",
    "Invitation",
    "JsonColumn",
    "KeptKind",
    "KeptObject",
    "KnownNode",
    "Leaderboard",
    "Replicates",
    "Rescoring",
    "RetentionRound",
    "Run",
    "RunScoring",
    "RunState",
    "ScoringState",
    "Stage",
    "Submission",
    "SubmissionState",
    "Team",
    "TeamShare",
    "TestSet",
    "Token",
    "Upload",
    "UploadState",
    "User",
]
