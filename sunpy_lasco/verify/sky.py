"""
Constants compared with stars measured on real frames, which are included in the package.
"""

import numpy as np

from sunpy_lasco.geometry.pointing import nominal_pointing
from sunpy_lasco.geometry.rolls import is_flipped, normalize_roll
from sunpy_lasco.instrument import cameras
from sunpy_lasco.instrument.constants import error_of, value_of
from sunpy_lasco.map.edit import frame_of
from sunpy_lasco.robust import robust_sigma
from sunpy_lasco.stars.measured import measured_frames, measured_photometry
from sunpy_lasco.stars.prediction import colour_slope
from sunpy_lasco.verify.rows import Row

__all__ = ["star_rows"]

#: Largest median rms of the stars of a frame, pixel along an axis: an undersampled image leaves 0.1 in C3, 0.2 in C2.
RMS = {"C2": 0.30, "C3": 0.13}
#: How well the plate scale of a camera is held, relative.
SCALE = {"C2": 3e-4, "C3": 1e-4}
#: How far the mean Sun centre may lie from the default, pixel: that of C2 upside down drifts.
CENTRE = {"C2": 1.0, "C3": 0.35}
#: How far the zero point of stars may lie from the star scale, logarithm.
ZERO = {"C2": 0.035, "C3": 0.03}
#: Rings in which the radial residual is looked at, pixel: nearer the occulter the background bends under the stars.
RINGS = ((175, 280), (280, 380), (380, 460), (460, 540))


def star_rows(figures):
    """
    Rows of the measured stars.

    Parameters
    ----------
    figures : `dict`
        Collects data for figures, by name.

    Yields
    ------
    `~sunpy_lasco.verify.rows.Row`
    """
    for camera in ("C2", "C3"):
        frames = measured_frames(camera)
        yield from _places(camera, frames, figures)
        yield from _light(camera, figures)


def _places(camera, frames, figures):
    name, against = camera.lower(), f"stars of {len(frames)} real frames"
    solutions = [one.solve() for one in frames]
    solved = [(one, found) for one, found in zip(frames, solutions, strict=True) if found.solved]
    yield Row(
        f"{name}.stars.solved",
        f"{camera}: frames whose pointing stars determine",
        len(solved),
        len(frames),
        len(frames),
        against=against,
        note="; ".join(found.reason for found in solutions if found.reason),
    )
    if not solved:
        # Further rows need stars at their predicted positions.
        for what, unit in (
            ("rms", "pixel"),
            ("scale", ""),
            ("radial", "pixel"),
            ("centre", "pixel"),
            ("roll", "degree"),
        ):
            yield Row(f"{name}.stars.{what}", f"{camera}: stars, {what}", np.nan, 0, 0, unit, against)
        return
    rms = float(np.median([found.rms for _, found in solved]))
    yield Row(
        f"{name}.stars.rms",
        f"{camera}: stars from their positions, median rms along an axis",
        rms,
        0,
        RMS[camera],
        "pixel",
        against,
    )
    scales = [one.solve(scale=True) for one, _ in solved]
    scales = [found for found in scales if found.solved]
    weight = np.array([1 / found.covariance[3, 3] for found in scales])
    mean = float(np.average([found.scale for found in scales], weights=weight)) if scales else np.nan
    stars = cameras.CAMERAS[camera].stars
    stated = cameras.CAMERAS[camera].plate_scale if stars is None else stars.plate_scale
    yield Row(
        f"{name}.stars.scale",
        f"{camera}: plate scale by stars over that of the geometry of stars, less 1",
        mean / stated - 1,
        -SCALE[camera],
        SCALE[camera],
        against=against,
        note=f"{mean:.4f} +- {1 / np.sqrt(weight.sum()):.4f} arcsec",
    )
    if stars is not None:
        ratio = mean / cameras.CAMERAS[camera].plate_scale - 1
        yield Row(
            f"{name}.stars.official_scale",
            f"{camera}: plate scale by stars over the official one, less 1",
            ratio,
            0.0022,
            0.0043,
            against="0.22 % by the official distortion, 0.325 % with its fifth order",
        )
    radius, outward, x, y, left = _radial(solved)
    figures[f"{name}.stars"] = {"radius": radius, "outward": outward, "x": x, "y": y, "left": left}
    if camera == "C3":
        medians = [float(np.median(outward[(radius > low) & (radius < high)])) for low, high in RINGS]
        yield Row(
            "c3.stars.radial",
            "C3: radial residual of stars to 28 solar radii, largest median of four rings",
            max(medians, key=abs),
            -0.05,
            0.05,
            "pixel",
            against,
        )
        fifth, sigma = _fifth_order(radius, outward)
        yield Row(
            "c3.stars.fifth",
            "C3: what is left of fifth order, 500 pixels from the Sun",
            fifth,
            -0.05,
            0.05,
            "pixel",
            against,
            note=f"+- {sigma:.3f}",
        )
    default = cameras.CAMERAS[camera].sun_centre
    away = np.mean([np.subtract(found.centre, default) for _, found in solved], axis=0)
    yield Row(
        f"{name}.stars.centre",
        f"{camera}: Sun centre by stars, mean distance from the default",
        float(np.hypot(*away)),
        0,
        CENTRE[camera],
        "pixel",
        against,
        note=f"{away[0]:+.2f}, {away[1]:+.2f}",
    )
    turns = []
    for one, found in solved:
        frame = frame_of(one.smap)
        turned = is_flipped(normalize_roll(found.roll - nominal_pointing(frame).roll))
        turns.append(float(normalize_roll(found.roll - nominal_pointing(frame, flipped=turned).roll)))
    yield Row(
        f"{name}.stars.roll",
        f"{camera}: roll by stars, mean difference from the nominal one",
        float(np.mean(turns)),
        -0.04,
        0.04,
        "degree",
        against,
    )


def _radial(solved):
    """Distance from the Sun, outward residual, position and residual of all stars, pixel."""
    radius, outward, places, left = [], [], [], []
    for _, found in solved:
        table = found.table[found.table["used"]]
        place = np.array([table["ideal_x"], table["ideal_y"]])
        away, rest = place - np.array(found.centre)[:, None], np.array([table["left_x"], table["left_y"]])
        radius.append(np.hypot(*away))
        outward.append((away * rest).sum(axis=0) / radius[-1])
        places.append(place)
        left.append(rest)
    places, left = np.concatenate(places, axis=1), np.concatenate(left, axis=1)
    return np.concatenate(radius), np.concatenate(outward), places[0], places[1], left


def _fifth_order(radius, outward):
    """
    Coefficient of the fifth power of the radius, pixel at 500 pixels, fitted together with that of the first power, and
    its 1 sigma.
    """
    open_field = radius > RINGS[0][0]
    share, rest = radius[open_field] / 500, outward[open_field]
    design, weight = np.stack([share, share**5], axis=1), np.ones(len(share))
    for _ in range(5):
        normal = (design * weight[:, None]).T @ design
        found = np.linalg.solve(normal, (design * weight[:, None]).T @ rest)
        left = rest - design @ found
        size = robust_sigma(left)
        weight = 1 / np.maximum(1, np.abs(left) / size)
    return float(found[1]), float(size * np.sqrt(np.linalg.inv(normal)[1, 1]))


def _light(camera, figures):
    name = camera.lower()
    found = measured_photometry(camera)
    stars = f"{len(np.unique(found.stars['hip']))} stars in {len(found.frames)} real frames"
    figures[f"{name}.zero"] = found
    scale, sigma = value_of(f"{camera}.star_scale"), error_of(f"{camera}.star_scale")
    yield Row(
        f"{name}.stars.zero",
        f"{camera}: light of stars by the star scale over the catalogue, logarithm",
        float(np.log(scale / found.scale)),
        -ZERO[camera],
        ZERO[camera],
        against=stars,
        note=f"factor {found.scale:.3f}, star scale {scale} +- {sigma}",
    )
    kind = {"C2": ("C2", "ORANGE"), "C3": ("C3", "CLEAR")}[camera]
    yield Row(
        f"{name}.stars.colour",
        f"{camera}: slope of the light by B-V, difference from the expected one",
        found.colour_slope - colour_slope(*kind),
        -0.1,
        0.1,
        "1/mag",
        stars,
        note=f"{found.colour_slope:.2f} +- {found.colour_sigma:.2f}",
    )
    if np.isfinite(found.trend):
        yield Row(
            f"{name}.stars.trend",
            f"{camera}: change of the light of stars by the official factor",
            100 * found.trend,
            -0.3,
            0.6,
            "%/yr",
            stars,
            note=f"+- {100 * found.trend_sigma:.2f}; 0.445 would be no loss at all",
        )
