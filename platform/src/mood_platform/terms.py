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
