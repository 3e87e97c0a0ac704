"""What a proposal to drop cases would change, as the draft tells it."""

from __future__ import annotations

from mood_platform.cli.changes_table import show_moved
from mood_platform.cli.console import say
from mood_platform.documents.draft import DropProposal


def show_proposal(drop: DropProposal) -> None:
    cases = "; ".join(f"{dataset} {', '.join(ids)}" for dataset, ids in drop.cases.items())
    say.print(f"Proposal {drop.number}: without {cases}")
    for problem in drop.problems:
        say.print(problem, style="yellow")
    if drop.waiting:
        say.print(f"{drop.waiting} of {drop.runs} runs are not scored without them yet.")
    if drop.replicates_pending:
        say.print(f"The intervals of {len(drop.replicates_pending)} entries are being made.")
    if drop.rows is not None:
        show_moved(drop.rows, title="With the cases → without them")
