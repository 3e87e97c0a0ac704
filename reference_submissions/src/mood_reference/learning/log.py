"""Keeps the losses of a training: one JSON line per window, and TensorBoard's file where it is installed."""

import json
from pathlib import Path
from typing import Any

import numpy as np

WINDOW = 10  # steps whose losses are averaged into one line


class TrainingLog:
    """Lines of FOLDER/STAGE.jsonl: `{"step", "loss", ...}` and `{"step", "held_out", ...}`."""

    def __init__(self, folder: Path | None, stage: str) -> None:
        self.path = folder / f"{stage}.jsonl" if folder else None
        self.stage = stage
        self.window: list[dict[str, float]] = []
        self.board: Any = None

    def drop_after(self, step: int) -> None:
        """Forget what was logged after the checkpoint that training goes on from."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        self.path.write_text("".join(f"{line}\n" for line in kept))
        self.board = _open_board(self.path.parent / "tensorboard" / self.stage, step)

    def add(self, step: int, losses: dict[str, float]) -> None:
        self.window.append(losses)
        if step % WINDOW == 0:
            self._write(step, {name: float(np.mean([w[name] for w in self.window])) for name in losses})
            self.window = []

    def add_check(self, step: int, measured: dict[str, float]) -> None:
        self._write(step, measured)

    def _write(self, step: int, values: dict[str, float]) -> None:
        if self.path is None:
            return
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        for name, value in values.items():
            if self.board is not None:
                self.board.add_scalar(name, value, step)

    def close(self) -> None:
        if self.board is not None:
            self.board.close()


def _open_board(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step + 1)
