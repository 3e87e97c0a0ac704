"""How a subject deviates from its healthy self: done where the scan is sampled, so it leaves no trace."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["HEALTHY", "Anatomy", "Condition", "Look", "Push"]


class Look(StrEnum):
    """The scanner and protocol."""

    STANDARD = "standard"
    SHIFTED = "shifted"  # another contrast, stronger bias field and noise


class Condition(StrEnum):
    """Rare, but found in living people."""

    VENTRICLES = "wide-ventricles"
    ATROPHY = "atrophy"
    ASYMMETRY = "asymmetry"
    CEREBELLUM = "missing-cerebellum"
    INVERSUS = "situs-inversus"
    KIDNEY = "missing-kidney"
    SCOLIOSIS = "scoliosis"
    LIVER = "large-liver"
    ASCITES = "ascites"


@dataclass(frozen=True, slots=True)
class Push:
    """Tissue swells around a point, or shrinks for a negative strength."""

    centre: tuple[float, float, float]  # mm from the middle of the field of view
    radius: float  # mm
    strength: float  # share of the way to the centre, below 1


@dataclass(frozen=True, slots=True)
class Anatomy:
    pushes: tuple[Push, ...] = ()
    bend: float = 0.0  # mm, standard deviation of a further smooth deformation
    condition: Condition | None = None
    severity: float = 0.0  # 0..1, of the condition


HEALTHY = Anatomy()
