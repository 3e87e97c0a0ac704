"""docs/evaluator.md does what it says: its code runs as one notebook and prints what stands below it."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs/evaluator.md").read_text(encoding="utf-8")
CELLS = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_prints_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code, shown in CELLS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue().rstrip() == shown.rstrip()
    assert len(CELLS) == PAGE.count("```python")


def test_a_ranking_with_intervals_takes_ten_lines_at_most() -> None:
    code, _ = CELLS[1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
