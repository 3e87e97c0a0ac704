"""docs/evaluator.md does what it says: its code runs as one notebook and prints what stands below it."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

PAGE = (Path(__file__).parents[3] / "docs/evaluator.md").read_text(encoding="utf-8")
CELLS = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE, re.DOTALL)


def write_scores(path: Path) -> None:
    """Write the table of the page: three algorithms on forty brains and on four abdomens."""
    random = np.random.default_rng(4)
    rows = ["task,alg_name,value,case"]
    for name, mean in (("North", 0.75), ("East", 0.64), ("West", 0.62)):
        values = np.clip(random.normal(mean, 0.15, 40), 0, 1).round(3)
        rows += [f"brain,{name},{value},{case}" for case, value in enumerate(values)]
    rows += [
        f"abdom,{name},{value},{case}"
        for name, value in (("North", 0.6), ("East", 0.5), ("West", 0.7))
        for case in range(4)
    ]
    path.write_text("\n".join(rows), encoding="utf-8")


def test_the_page_prints_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_scores(tmp_path / "scores.csv")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code, shown in CELLS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue().rstrip() == shown.rstrip()
    assert len(CELLS) == PAGE.count("```python")


def test_a_ranking_with_intervals_takes_ten_lines_at_most() -> None:
    code, _ = CELLS[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
