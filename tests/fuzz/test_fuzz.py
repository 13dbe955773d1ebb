"""
Two thousand damaged inputs: each gives a result or a clear error in time, and no lost pixels go unnoticed.

The default tests run a sample of them.  All of them,

    python -m pytest tests/fuzz --minutes -s

take some minutes; a table lists the outcomes by kind.
"""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from judgement import OPTIONS, OUTCOMES, outcome_of
from mutations import KINDS, Frame

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.map import open_map

#: Damage that must always be reported.
NEVER_SILENT = ("holes", "truncation")
#: Number of all inputs, and the step of the selection that is always run.
NUMBER, EVERY = 2000, 47
#: Frames to damage: real ones if there are any, else simulated ones.
SIMULATED = {
    "C3, summed in the box": {"detector": "C3", "leb_sum": (2, 2), "seed": 3},
    "C2, summed in the box": {"detector": "C2", "leb_sum": (2, 2), "seed": 4},
    "C3, summed on the chip": {"detector": "C3", "chip_sum": (2, 2), "seed": 5},
    "C2 with lost blocks": {"detector": "C2", "leb_sum": (2, 2), "seed": 6, "n_lost": 5},
    "C3 of 2012": {"detector": "C3", "leb_sum": (2, 2), "seed": 7, "date": "2012-08-31T22:00"},
}
REAL = {"C3 of 2012": "c3/32310963.fts", "C3, summed on the chip": "c3/32310962.fts"}


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """Undamaged files, and level 1 of each."""
    folder = tmp_path_factory.mktemp("sound")
    found = []
    for number, (name, options) in enumerate(SIMULATED.items()):
        path = folder / f"{number}.fts"
        real = Path(os.environ.get("SUNPY_LASCO_TEST_DATA", "/nowhere")) / "level05" / REAL.get(name, "nothing")
        if real.is_file():
            path.write_bytes(real.read_bytes())
        else:
            simulate.write_level05(simulate.observe(**options), folder).rename(path)
        sound = sunpy_lasco.calibrate(open_map(path), on_bad="raise", **OPTIONS)
        found.append((Frame(name, path.read_bytes()), sound))
    return found


def cases(frames, every):
    """Every n-th input, in an order in which every kind comes early: number, kind, mutation, case, level 1."""
    shares = [(kind, share, mutations) for kind, (share, mutations) in KINDS.items()]
    assert sum(share for _, share, _ in shares) == NUMBER
    order = sorted((place / share, kind, place) for kind, share, _ in shares for place in range(share))
    for number, (_, kind, place) in list(enumerate(order))[::every]:
        rng = np.random.default_rng([20240229, number])
        mutation = KINDS[kind][1][place % len(KINDS[kind][1])]
        frame, sound = frames[number % len(frames)]
        yield number, kind, mutation, mutation(rng, frame), sound


def run(frames, folder, *, every=1):
    """Outcomes of every n-th input, by kind and mutation."""
    found = {}
    for number, kind, mutation, case, sound in cases(frames, every):
        outcome = outcome_of(case, sound, folder, number)
        found.setdefault((kind, mutation.__name__), []).append((number, case.what, outcome))
    return found


def faults(found):
    """Forbidden outcomes."""
    return [
        f"{number} {mutation} ({what}): {outcome.name}: {outcome.said}"
        for (kind, mutation), results in found.items()
        for number, what, outcome in results
        if outcome.name in ("traceback", "hang") or (outcome.name == "silent" and kind in NEVER_SILENT)
    ]


def table(found):
    """Table of the numbers of inputs by mutation and outcome."""
    lines = [f"{'':38}" + "".join(f"{name:>11}" for name in OUTCOMES)]
    total = Counter()
    for (kind, mutation), results in sorted(found.items()):
        counts = Counter(outcome.name for _, _, outcome in results)
        total += counts
        lines.append(f"{kind + ', ' + mutation:38}" + "".join(f"{counts[name] or '':>11}" for name in OUTCOMES))
    return "\n".join([*lines, f"{'all':38}" + "".join(f"{total[name]:>11}" for name in OUTCOMES)])


def test_selection(frames, tmp_path):
    found = run(frames, tmp_path, every=EVERY)
    assert faults(found) == []
    assert sum(map(len, found.values())) == -(-NUMBER // EVERY)


@pytest.mark.minutes
def test_all(frames, tmp_path, capsys):
    found = run(frames, tmp_path)
    with capsys.disabled():
        print(f"\n{table(found)}")
        for (kind, mutation), results in found.items():
            for number, what, outcome in results:
                if outcome.name == "silent":
                    print(f"silent: {number} {kind}, {mutation}, {what}: {outcome.said}")
    assert faults(found) == []
