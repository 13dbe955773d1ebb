"""
Curves of a training as a picture.
"""

import csv
from pathlib import Path

from sunpy_lasco.files import atomic_path

__all__ = ["draw_curves", "read_curves"]


def read_curves(path):
    """
    Curves from the log of a training.

    Parameters
    ----------
    path : path-like
        ``metrics.csv``

    Returns
    -------
    `dict`
        Steps and values by name.
    """
    curves = {}
    with Path(path).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if value and name not in ("step", "epoch"):
                    steps, values = curves.setdefault(name, ([], []))
                    steps.append(int(row["step"]))
                    values.append(float(value))
    return curves


def draw_curves(log, picture):
    """
    Draw loss, terms and held-back error against the step.

    Parameters
    ----------
    log : path-like
        ``metrics.csv``
    picture : path-like
        A PNG or PDF.

    Returns
    -------
    `~pathlib.Path`
    """
    from matplotlib.figure import Figure

    curves = read_curves(log)
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, (steps, values) in sorted(curves.items()):
        if name.startswith("loss"):
            left.plot(steps, values, label=name, linewidth=2 if name == "loss" else 0.8)
    left.set(xlabel="step", ylabel="loss", yscale="symlog", title="Loss and its terms")
    if left.lines:
        left.legend(fontsize="x-small")
    if "held_back" in curves:
        right.plot(*curves["held_back"], marker=".", color="tab:red")
    right.axhline(1.0, color="0.5", linewidth=0.8)
    right.set(xlabel="step", ylabel="error / error of the base", title="Held-back date")
    with atomic_path(picture, overwrite=True) as temporary:
        figure.savefig(temporary, dpi=120, format=Path(picture).suffix[1:])
    return Path(picture)
