"""The folder `platform/` must never become a package: it would shadow the standard library's `platform`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_import_platform_is_still_the_standard_librarys() -> None:
    program = "import platform; print(platform.__file__); print(platform.system())"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not found.stdout.startswith(str(ROOT))
    assert "Linux" in found.stdout


def test_neither_the_platform_folder_nor_any_test_folder_is_a_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()
    inside = [path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("__init__.py")]
    assert set(inside) == {"support"}


def test_no_module_is_named_for_nothing() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert [path for path in ROOT.glob("*/src/**/*.py") if path.name in vague] == []
