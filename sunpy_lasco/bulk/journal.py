"""
The journal of a run, with a line of JSON for each frame.
"""

from __future__ import annotations

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sunpy_lasco.annotations import PathLike

__all__ = ["Journal", "read_journal"]


class Journal:
    """
    A file to which complete lines are appended, so that several runs can share it.

    Parameters
    ----------
    path : path-like
        Its folder is created if necessary.
    versions : `dict`
        Versions to record in each line.
    """

    def __init__(self, path, versions):
        self.path, self.versions = Path(path), versions
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            # The rest of a line that a failed machine left behind.
            os.write(self._file, b"\n")

    def add(self, outcome):
        """Append the line of an outcome."""
        line = {
            "input": outcome.input,
            "output": outcome.output,
            "status": outcome.status,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 3),
            "cpu": round(outcome.cpu, 3),
            "time": outcome.time,
            "choices": outcome.choices,
            "statistics": outcome.statistics,
            "approximations": outcome.approximations,
            "warnings": [text for _, text in outcome.warnings],
            "memory_mb": outcome.memory and round(outcome.memory),
            "again": outcome.again,
            "versions": self.versions,
            "done": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        os.write(self._file, (json.dumps(_plain(line), ensure_ascii=False) + "\n").encode())

    def close(self):
        """Close the file."""
        os.close(self._file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _plain(value):
    """Convert values for JSON, which supports neither NaN nor numpy types."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def read_journal(path: PathLike) -> list[dict]:
    """
    Read a journal.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `list` of `dict`
        The last entry of each frame, in the order of their first entries. Incomplete lines are omitted.
    """
    lines = {}
    with Path(path).open("rb") as file:
        for text in file:
            try:
                line = json.loads(text)
                lines[line["input"]] = line
            except (ValueError, KeyError, TypeError):
                continue
    return list(lines.values())
