"""The image gets what its own Python needs: markers are read for it, not for the Python that fetches."""

import importlib.util
from pathlib import Path
from types import ModuleType


def load_wheels() -> ModuleType:
    path = Path(__file__).parents[3] / "infra" / "compose" / "wheels.py"
    spec = importlib.util.spec_from_file_location("compose_wheels", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


wheels = load_wheels()
PINNED = """\
async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:aa \\
    --hash=sha256:ab
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:ba
psycopg[binary]==3.3.4 \\
    --hash=sha256:ca
"""


def test_what_an_older_python_needs_is_kept_for_it_with_all_hashes() -> None:
    environment = {"python_full_version": "3.11.2", "sys_platform": "linux"}
    assert wheels.select(PINNED, environment) == (
        "async-timeout==5.0.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n"
        "psycopg[binary]==3.3.4 \\\n    --hash=sha256:ca\n"
    )


def test_what_a_newer_python_does_not_need_is_left_out() -> None:
    environment = {"python_full_version": "3.13.0", "sys_platform": "linux"}
    assert wheels.select(PINNED, environment) == "psycopg[binary]==3.3.4 \\\n    --hash=sha256:ca\n"
