"""Follows submissions until nothing changes any more."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.progress import Progress, TaskID

from mood_platform.cli.client import Client, View, at, patiently
from mood_platform.cli.console import say, steps_bar

EVERY_SECONDS = 1.0


def follow(client: Client, ids: Sequence[str]) -> list[View]:
    """Wait until all are over, with a bar each; survives a platform that restarts. Their last views."""
    last: dict[str, View] = {}
    with steps_bar() as bar:
        tasks = {one: bar.add_task("…", total=100) for one in ids}
        while not (last and all(view["over"] for view in last.values())):
            if last:
                time.sleep(EVERY_SECONDS)
            for one in ids:
                if not last.get(one, {}).get("over"):
                    fresh = patiently(lambda path=at("submissions", one): client.get(path))  # type: ignore[misc]
                    _show(bar, tasks[one], last.get(one), fresh)
                    last[one] = fresh
    return [last[one] for one in ids]


def title(view: View) -> str:
    return f"#{view['number']} {view['task']} {view['stage']}"


def percent_done(view: View) -> int:
    """Toy cases count as the first fifth of a challenge Run, and as all of a toy Run."""
    run = view["run"]
    if view["over"]:
        return 100
    toy = run["toy_done"] / max(1, run["toy_total"])
    if view["stage"] == "toy":
        return int(100 * toy)
    return int(20 * toy + 0.8 * (run["percent"] or 0))


def _show(bar: Progress, task: TaskID, before: View | None, view: View) -> None:
    """Moves the bar; where there is none, a line for every new sentence."""
    bar.update(task, description=f"{title(view)}: {view['status']}", completed=percent_done(view))
    if bar.disable and (before is None or before["sentence"] != view["sentence"]):
        say.print(f"{title(view)}: {view['sentence']}")
