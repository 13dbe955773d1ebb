"""
Records of a network from held-back dates, by kind of hole: the weight of its correction, the factor
of its sigma, and whether it is better than all other methods.
"""

import numpy as np
from learn import best_scale
from scores import coverage

from sunpy_lasco.network.held_back import KEYS, STRATA
from sunpy_lasco.repair.crop import NEIGHBOUR_METHODS

#: Weights of the correction to try.
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Coverages that sigma should give, with tolerances.
TARGETS = ((0.6827, 0.04), (0.95, 0.02))
#: Draws of the bootstrap, and the largest upper limit of a ratio for which a network counts as better.
DRAWS = 2000
HIGHEST = 1.02
#: Kinds with fewer holes than this use the record of all holes, and do not count as better.
FEWEST = 12
#: Methods with which a network is compared, without and with neighbours.
CLASSICAL = ("mixture", "kriging", "radial", "harmonic", "biharmonic", "fuzzy")
REFERENCES = ("mean", *CLASSICAL)
METHODS = ("network", "network with neighbours")
#: Place of a loss, by its kind.
PLACES = {"occulter": "occulter", "pylon": "pylon", "edge": "edge", "front": "front", "stripe": "stripe"}


def interval(logs):
    """Geometric mean with its 95 % interval, and the number of holes; None if there are too few."""
    logs = np.asarray(logs)
    if len(logs) < 3:
        return None
    drawn = np.exp(np.random.default_rng(0).choice(logs, (DRAWS, len(logs))).mean(axis=1))
    return float(np.exp(logs.mean())), *(float(x) for x in np.percentile(drawn, (2.5, 97.5))), len(logs)


def ratio(holes, mine, reference, measure="bin8"):
    """Ratio of the errors of two methods on the holes that both fill."""
    both = [
        (hole["scores"][mine][measure], hole["scores"][reference][measure])
        for hole in holes
        if mine in hole["scores"] and reference in hole["scores"]
    ]
    return interval([np.log(max(a, 1e-6) / max(b, 1e-6)) for a, b in both])


def named(name, weight):
    """The method with a weight of its correction."""
    return name if weight == 1.0 else f"{name} x {weight}"


def pulls_with(hole, name, record):
    """The score of a network with the weight and factor of a record."""
    score = hole["scores"].get(named(name, record["weight"]))
    return None if score is None else {**score, "sigma": score["sigma"] * record["sigma"]}


def _telling(holes, name):
    """Holes of real frames that a network filled; if there are too few, those of simulated frames."""
    mine = [hole for hole in holes if name in hole["scores"]]
    real = [hole for hole in mine if hole["about"]["origin"] != "simulated"]
    return real if len(real) >= FEWEST else mine


def _record(holes, name, usual):
    """Weight, sigma and verdict for holes of one kind."""
    mine = _telling(holes, name)
    if len(mine) < FEWEST:
        return {**usual, "better": False}
    errors = {
        weight: np.mean([np.log(max(hole["scores"][named(name, weight)]["bin8"], 1e-6)) for hole in mine])
        for weight in WEIGHTS
        if weight and all(named(name, weight) in hole["scores"] for hole in mine)
    }
    weight = min(errors, key=errors.get)
    used = named(name, weight)
    # Better than the method that "auto" would use otherwise, and not measurably worse than any other.
    usually, rivals = ("mixture", CLASSICAL) if name == "network" else ("sequence", NEIGHBOUR_METHODS)
    value, _, high, _ = ratio(mine, used, usually) or (1.0, 1.0, 1.0, 0)
    found = [one for rival in rivals if (one := ratio(mine, used, rival)) is not None]
    better = value < 1.0 and high < HIGHEST and all(low <= 1.0 for _, low, _, _ in found)
    # The flux of a hole must not be measurably worse.
    flux = ratio(mine, used, usually, "flux")
    better = better and flux is not None and flux[1] <= 1.0
    return {
        "weight": weight,
        "sigma": best_scale([hole["scores"][used] for hole in mine], TARGETS),
        "better": bool(better),
    }


def learn_records(holes):
    """Records for each of `KEYS` by kind of hole, from simulated frames if there are too few real frames."""
    records = {}
    for key in KEYS:
        name = METHODS[key.startswith("neighbours")]
        mine = [hole for hole in holes if (hole["about"]["origin"] == "summed") == key.endswith("summed")]
        usual = {"weight": 1.0, "sigma": 1.0}
        if scored := [hole["scores"][name] for hole in _telling(mine, name)]:
            usual["sigma"] = best_scale(scored, TARGETS)
        records[key] = {
            kind: _record([hole for hole in mine if hole["about"]["stratum"] == kind], name, usual) for kind in STRATA
        }
    return records


def key_for(hole, name):
    """Key of the record for a hole and a method."""
    return KEYS[METHODS.index(name) + 2 * (hole["about"]["origin"] == "summed")]


def cross_fitted(holes, everything):
    """The holes with scores of the network that uses records from other dates."""
    found = []
    for group in dict.fromkeys(hole["about"]["group"] for hole in holes):
        records = learn_records([hole for hole in everything if hole["about"]["group"] != group])
        for hole in (one for one in holes if one["about"]["group"] == group):
            scores = dict(hole["scores"])
            for name in METHODS:
                if name in scores:
                    record = records[key_for(hole, name)][hole["about"]["stratum"]]
                    scores[name] = pulls_with(hole, name, record) or scores[name]
            found.append({**hole, "scores": scores})
    return found


def table_lines(holes):
    """Ratios by place of the loss, and coverage, as text, separately for real, summed and simulated frames."""
    lines = []
    for origin in ("real", "summed", "simulated"):
        mine = cross_fitted([hole for hole in holes if hole["about"]["origin"] == origin], holes)
        if not mine:
            continue
        lines += ["", f"{origin} frames, {len(mine)} holes", ""]
        places = {"open": lambda kind: kind not in PLACES}
        places |= {place: (lambda kind, place=place: kind == place) for place in PLACES}
        for measure in ("bin8", "flux"):
            for name, rivals in (("network", REFERENCES), ("network with neighbours", (*NEIGHBOUR_METHODS, "network"))):
                for place, pick in places.items():
                    chosen = [hole for hole in mine if pick(hole["about"]["kind"])]
                    for rival in rivals:
                        if (one := ratio(chosen, name, rival, measure)) is not None:
                            value, low, high, number = one
                            lines.append(
                                f"{measure} {name} / {rival}, {place}: {value:.3f} [{low:.3f}, {high:.3f}] n={number}"
                            )
        for name in METHODS:
            scored = [hole["scores"][name] for hole in mine if name in hole["scores"]]
            if scored:
                shares = coverage(scored)
                pixels = [float(np.mean([one[key] for one in scored])) for key in ("pixel_68", "pixel_95")]
                lines.append(f"coverage {name}, cells: {shares[0]:.3f} {shares[1]:.3f} in {len(scored)} holes")
                lines.append(f"coverage {name}, pixels before any factor: {pixels[0]:.3f} {pixels[1]:.3f}")
    return lines
