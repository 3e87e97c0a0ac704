"""What the study shares with the demo: people with a login each, steps with their logs, a platform."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "demo"))

from people import MOOD, Person
from platforms import HomePlatform
from stages import Stages, StepFailed

__all__ = ["MOOD", "HomePlatform", "Person", "Stages", "StepFailed"]
