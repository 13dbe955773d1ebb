"""
Tasks for processes, and their outcomes.
"""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Outcome", "Task"]


@dataclass(frozen=True)
class Task:
    """A frame, and its candidate context."""

    #: Number of the frame in the run.
    number: int
    #: Path of the level-0.5 file, or its address for fsspec.
    file: str
    #: Files of about the same time.
    near: tuple[str, ...] = ()
    #: Whether its image is wanted for the contact sheet.
    picture: bool = False


@dataclass
class Outcome:
    """Result of a frame."""

    number: int
    input: str
    #: "written", "kept" or "failed".
    status: str = "failed"
    output: str | None = None
    #: Why it failed.
    reason: str | None = None
    seconds: float = 0.0
    #: Seconds of the processor.
    cpu: float = 0.0
    #: When the exposure began, UTC.
    time: str | None = None
    #: What was chosen for it, from the header of level 1.
    choices: dict = field(default_factory=dict)
    #: What the image is like, from the same header.
    statistics: dict = field(default_factory=dict)
    #: What the calibration approximated: kinds, as of `sunpy_lasco.level1.approximations`.
    approximations: list = field(default_factory=list)
    #: Warnings: their kinds and texts.
    warnings: list = field(default_factory=list)
    #: Largest memory of the process so far, MB.
    memory: float | None = None
    #: Whether it was retried after its process had ended.
    again: bool = False
    #: Small image, float32, or None.
    picture: np.ndarray | None = None
