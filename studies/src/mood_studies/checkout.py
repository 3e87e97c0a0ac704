"""The checkout that all of this runs in, and where the commands of its environment are."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
INFRA = ROOT / "infra"
BIN = Path(sys.executable).parent
