"""
The user's real frames: headers, stars, dark level, noise, overlap of the cameras, triplets, and official
level 1.
"""

import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import ndimage

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy_lasco.errors import LascoError, LascoUserWarning
from sunpy_lasco.geometry.pointing import header_roll
from sunpy_lasco.geometry.rolls import is_flipped
from sunpy_lasco.instrument.bias import bias_polynomial, dark_level
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.instrument.constants import value_of
from sunpy_lasco.instrument.frame import Frame, squeezed
from sunpy_lasco.instrument.noise import noise_variance
from sunpy_lasco.instrument.photometry import calibration_factor
from sunpy_lasco.level1 import calibrate
from sunpy_lasco.level1.checks import admit
from sunpy_lasco.map.reading import open_map
from sunpy_lasco.robust import robust_sigma
from sunpy_lasco.stars.centroids import star_places
from sunpy_lasco.stars.detector import detector_grid
from sunpy_lasco.stars.prediction import predict
from sunpy_lasco.stars.solution import solve
from sunpy_lasco.verify.rows import Row, unmeasured

__all__ = ["Found", "find_frames", "frame_rows"]

#: Days between frames of both cameras that are compared, and between a frame and its official level 1.
TOGETHER, NEIGHBOUR = 0.25, 1 / 24
#: Minutes between frames of a triplet, and between frames whose difference is noise.
TRIPLET, SUCCESSIVE = 15.0, 30.0
#: Days between frames, one of them upside down, within which the corona is assumed to be unchanged.
FLIPPED = 7.0
#: Rings in which the cameras are compared, solar radii.
OVERLAP = (4.8, 5.1, 5.4, 5.7, 6.0, 6.3)
#: Largest number of frames that are solved or compared for a row, evenly spread.
MOST = 24
#: Stars that both images must show at least.
FEWEST = 8
#: Ring in which noise is measured, full-resolution pixel from the occulter.
NOISE_RING = {"C2": (350.0, 480.0), "C3": (250.0, 420.0)}


@dataclass(frozen=True)
class Found:
    """A file with an image of LASCO."""

    path: Path
    level: float
    camera: str
    filter: str
    polar: str
    #: Start, MJD; exposure time, s.
    mjd: float
    exptime: float
    shape: tuple[int, int]
    #: Made by SolarSoft.
    official: bool
    #: Taken upside down, by the roll of the header.
    turned: bool

    @property
    def kind(self):
        """Camera, filter, polariser and shape."""
        return self.camera, self.filter, self.polar, self.shape


def find_frames(folder):
    """
    Find images of LASCO.

    Parameters
    ----------
    folder : path-like
        Directory, searched recursively.

    Returns
    -------
    frames : `list` of `Found`
        In order of time.
    problems : `list` of `str`
        What could not be read.
    """
    frames, problems = [], []
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix.lower() not in (".fts", ".fits", ".gz") or not path.is_file():
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                header = fits.getheader(path)
                found = _found(path, header)
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(f"{path.name}: {str(error).splitlines()[0]}")
            continue
        if found is not None:
            frames.append(found)
    return sorted(frames, key=lambda one: one.mjd), problems


def _found(path, header):
    camera = squeezed(str(header.get("DETECTOR", "")))
    if camera not in CAMERAS or header.get("NAXIS") != 2 or "FILTER" not in header:
        return None
    level = str(header.get("LEVEL", "")).strip()
    one = level.startswith("1") or "MSB" in str(header.get("BUNIT", ""))
    start = f"{header['DATE-OBS']} {header.get('TIME-OBS', '')}".replace("/", "-").strip().replace(" ", "T")
    history = " ".join(map(str, header.get("HISTORY", [])))
    return Found(
        path,
        1.0 if one else 0.5,
        camera,
        squeezed(header["FILTER"]),
        squeezed(header["POLAR"]),
        Time(start).mjd,
        float(header["EXPTIME"]),
        (header["NAXIS2"], header["NAXIS1"]),
        one and "reduce_level_1" in history,
        is_flipped(header_roll({name.lower(): value for name, value in header.items()}) or 0.0),
    )


def frame_rows(folder, assets, figures):
    """
    Rows of real frames.

    Parameters
    ----------
    folder : path-like or None
        If None, the rows state what they need.
    assets : path-like or None
        Calibration images; missing ones are estimated.
    figures : `dict`
        Collects data for figures, by name.

    Yields
    ------
    `~sunpy_lasco.verify.rows.Row`
    """
    frames, problems = find_frames(folder) if folder is not None else ([], [])
    sources = "estimate" if assets is None else [assets, "estimate"]
    raw = [one for one in frames if one.level == 0.5]
    good, rows = _sound(raw, problems)
    yield from rows
    for camera in ("C2", "C3"):
        mine = [one for one in good if one.camera == camera]
        yield from _stars(camera, mine, figures)
        yield _dark(camera, mine)
        yield _noise(camera, mine)
    yield from _overlap(good, sources, figures)
    yield _fixed_light(good, sources)
    yield from _triplets(good, sources)
    yield from _official(good, [one for one in frames if one.official and one.shape == (1024, 1024)], sources, figures)


def _quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LascoUserWarning)
        return function(*arguments, **options)


def _several(number, thing):
    return f"{number} {thing}{'s' * (number != 1)}"


def _spread(frames, most=MOST):
    """At most a given number, evenly spread."""
    if len(frames) <= most:
        return frames
    return [frames[k] for k in np.linspace(0, len(frames) - 1, most).astype(int)]


def _sound(raw, problems):
    """Plausible frames, and the row of implausible ones."""
    text = "Level-0.5 frames that are implausible by header or pixels"
    if not raw and not problems:
        return [], [unmeasured("frames.sound", text, "level-0.5 frames", unit="frames")]
    good, bad = [], list(problems)
    for one in raw:
        try:
            found = _quietly(admit, open_map(one.path))[1]
        except (LascoError, OSError, TypeError) as error:
            found = [str(error)]
        if found:
            bad.append(f"{one.path.name}: {'; '.join(found)}")
        else:
            good.append(one)
    return good, [Row("frames.sound", text, len(bad), 0, 0, "", _several(len(raw), "frame"), note="; ".join(bad))]


def _stars(camera, frames, figures):
    name = f"frames.{camera.lower()}"
    usual = {"C2": "ORANGE", "C3": "CLEAR"}[camera]
    text = {
        "solved": f"{camera}: share of the frames whose pointing stars determine",
        "default": f"{camera}: stars from their positions by the header, largest median offset of a frame",
        "held": f"{camera}: half of the stars by the pointing of the other half, median offset",
        "rms": f"{camera}: stars from their positions after the solution, median rms along an axis",
    }
    chosen = [one for one in frames if one.filter == usual and one.polar == "CLEAR" and one.shape == (1024, 1024)]
    if not chosen:
        for what, words in text.items():
            needs, unit = f"full level-0.5 frames of {camera}, {usual.title()}", "" if what == "solved" else "pixel"
            yield unmeasured(f"{name}.stars.{what}", words, needs, unit=unit)
        return
    offsets, held, rms, notes = [], [], [], []
    for one in _spread(chosen):
        smap = open_map(one.path)
        found = solve(smap)
        if not found.solved:
            notes.append(f"{one.path.name}: {found.reason}")
            continue
        grid = detector_grid(smap, found.geometry)
        table = found.table[found.table["used"]]
        by_header = np.stack(grid.attitude.ideal(table["plane_x"], table["plane_y"]))
        seen = np.array([table["ideal_x"], table["ideal_y"]])
        offsets.append(float(np.hypot(*np.median(seen - by_header, axis=1))))
        held.append(_held_out(table, seen, found))
        rms.append(found.rms)
        if offsets[-1] == max(offsets):
            worst = one.path.name
    against = f"{len(rms)} of {len(_spread(chosen))} frames"
    least = {"C2": 0.6, "C3": 0.9}[camera]
    share = len(rms) / len(_spread(chosen))
    yield Row(f"{name}.stars.solved", text.pop("solved"), share, least, 1, against=against, note="; ".join(notes))
    if not rms:
        for what, words in text.items():
            yield Row(f"{name}.stars.{what}", words, np.nan, 0, 0, "pixel", against, note="; ".join(notes))
        return
    limits = {"C2": (1.5, 0.3, 0.3), "C3": (0.5, 0.05, 0.13)}[camera]
    values = {"default": max(offsets), "held": float(np.median(held)), "rms": float(np.median(rms))}
    for (what, value), limit in zip(values.items(), limits, strict=True):
        note = f"{worst}; median {np.median(offsets):.2f}" if what == "default" else ""
        yield Row(f"{name}.stars.{what}", text[what], value, 0, limit, "pixel", against, note=note)


def _held_out(table, seen, found):
    """Median offset of one half of the stars after the shift and rotation of the other."""
    plane = np.stack([table["plane_x"], table["plane_y"]]) / found.scale
    order = np.argsort(table["hip"])
    first = np.zeros(len(table), dtype=bool)
    first[order[::2]] = True
    offsets = []
    for half in (first, ~first):
        if half.sum() < 2:
            return np.nan
        # A turn and a shift as one complex line.
        a, b = plane[0] + 1j * plane[1], seen[0] + 1j * seen[1]
        centre_a, centre_b = a[half].mean(), b[half].mean()
        turn = np.vdot(a[half] - centre_a, b[half] - centre_b)
        left = b[~half] - centre_b - (turn / abs(turn)) * (a[~half] - centre_a)
        offsets.append(abs(np.median(left.real) + 1j * np.median(left.imag)))
    return float(np.mean(offsets))


def _dark(camera, frames):
    """Dark areas relative to the official bias."""
    text = f"{camera}: dark level over the bias, median over frames"
    levels = []
    for one in frames if camera == "C2" else [one for one in frames if one.shape == (1024, 1024)]:
        smap = open_map(one.path)
        frame = Frame.from_header(smap.meta, smap.data.shape)
        bias = bias_polynomial(camera, frame.mid_mjd, frame.port)
        if camera == "C2":
            seen = dark_level(frame, np.asarray(smap.data, dtype=float))
            level = None if seen is None else seen[0]
        else:
            level = _corner(np.asarray(smap.data, dtype=float))
        if level is not None:
            levels.append(level - bias)
        if len(levels) >= MOST:
            break
    row = f"frames.{camera.lower()}.dark"
    if not levels:
        needs = "frames whose corners were sent" if camera == "C3" else "level-0.5 frames of C2"
        return unmeasured(row, text, needs, unit="DN")
    low, high = {"C2": (-8.0, 8.0), "C3": (1.0, 9.0)}[camera]
    note = "6 to 7 DN in 2004 to 2012, 3 in 2002, independent of the exposure" if camera == "C3" else ""
    return Row(row, text, float(np.median(levels)), low, high, "DN", _several(len(levels), "frame"), note=note)


def _corner(counts):
    """Median of the transmitted corners of C3; None if there are none."""
    y, x = np.mgrid[:1024, :1024]
    away = np.hypot(x - 511.5, y - 511.5)
    dark = counts[(away > 690) & (counts > 0)]
    return float(np.median(dark)) if dark.size > 400 else None


def _noise(camera, frames):
    """Scatter of differences of successive frames, fine structure only, relative to the stated noise."""
    text = f"{camera}: noise of differences of successive frames over the stated noise"
    row, ratios = f"frames.{camera.lower()}.noise", []
    whole = [one for one in frames if one.shape == (1024, 1024)]
    for first, second in pairwise(whole):
        if (
            first.kind != second.kind
            or (second.mjd - first.mjd) * 1440 > SUCCESSIVE
            or abs(second.exptime / first.exptime - 1) > 0.02
        ):
            continue
        ratios.append(_noise_ratio(first, second))
        if len(ratios) >= MOST // 3:
            break
    if not ratios:
        return unmeasured(row, text, f"frames of {camera} within {SUCCESSIVE:g} minutes")
    return Row(
        row,
        text,
        float(np.median(ratios)),
        0.975,
        1.03,
        against=_several(len(ratios), "difference"),
        note="the fixed pattern drops out of a difference",
    )


def _noise_ratio(first, second):
    counts, variance = [], []
    for one in (first, second):
        smap = open_map(one.path)
        frame = Frame.from_header(smap.meta, smap.data.shape)
        light = np.asarray(smap.data, dtype=float) - bias_polynomial(frame.camera.name, frame.mid_mjd, frame.port)
        counts.append(light)
        variance.append(noise_variance(light, frame, pattern=False))
    share = second.exptime / first.exptime
    difference = counts[1] - share * counts[0]
    # Moving structure is smooth and therefore present in neighbours two pixels away.
    fine = (
        difference
        - (
            np.roll(difference, 2, 0)
            + np.roll(difference, -2, 0)
            + np.roll(difference, 2, 1)
            + np.roll(difference, -2, 1)
        )
        / 4
    )
    total = (variance[1] + share**2 * variance[0]) * (1 + 1 / 4)
    x0, y0 = CAMERAS[first.camera].occulter_centre
    y, x = np.ogrid[:1024, :1024]
    inner, outer = NOISE_RING[first.camera]
    ring = (np.hypot(x - x0, y - y0) > inner) & (np.hypot(x - x0, y - y0) < outer)
    pulls = (fine / np.sqrt(total))[ring]
    return float(robust_sigma(pulls - np.median(pulls)))


def _level1(one, sources, **options):
    smap = open_map(one.path)
    return _quietly(calibrate, smap, assets=sources, inpaint=None, on_bad="ignore", **options)


def _profile(smap, edges):
    """Median brightness in rings, solar radii, and by 10 degrees of position angle, (rings, 36)."""
    y, x = np.indices(smap.data.shape)
    centre, scale = smap.wcs.wcs.crpix - 1, smap.scale[0].to_value(u.arcsec / u.pix)
    dx, dy = x - centre[0], y - centre[1]
    pc = smap.wcs.wcs.get_pc()
    west, north = pc[0, 0] * dx + pc[0, 1] * dy, pc[1, 0] * dx + pc[1, 1] * dy
    radius = np.hypot(west, north) * scale / smap.rsun_obs.to_value(u.arcsec)
    angle = np.degrees(np.arctan2(-west, north)) % 360
    ring, sector = np.digitize(radius, edges) - 1, (angle // 10).astype(int)
    used = (ring >= 0) & (ring < len(edges) - 1) & np.isfinite(smap.data)
    values = np.full((len(edges) - 1, 36), np.nan)
    label = ring[used] * 36 + sector[used]
    found = np.unique(label)
    values.ravel()[found] = ndimage.median(np.asarray(smap.data)[used], label, found)
    return values


def _overlap(frames, sources, figures):
    """Ratio of C2 to C3 where both see the corona."""
    text = f"C2 over C3, {OVERLAP[0]} to {OVERLAP[-1]} solar radii, median"
    usual = [one for one in frames if one.polar == "CLEAR" and one.shape == (1024, 1024)]
    c2, c3 = ([one for one in usual if one.kind[:2] == kind] for kind in (("C2", "ORANGE"), ("C3", "CLEAR")))
    pairs = []
    for one in c2:
        near = min(c3, key=lambda other: abs(other.mjd - one.mjd), default=None)
        if near is not None and abs(near.mjd - one.mjd) < TOGETHER:
            pairs.append((abs(near.mjd - one.mjd), one, near))
    pairs.sort(key=lambda pair: pair[0])
    if not pairs:
        needs = f"frames of C2 Orange and C3 Clear within {24 * TOGETHER:g} hours"
        yield unmeasured("frames.overlap.official", f"{text}, official factors", needs)
        yield unmeasured("frames.overlap.stars", f"{text}, star scale", needs)
        return
    ratios = []
    for _, one, other in pairs[:3]:
        inner, outer = (_profile(_level1(which, sources), OVERLAP) for which in (one, other))
        ratios.append(inner / outer)
    # The pylons of both cameras, and the arc of stray light of C3, spoil sectors: the median leaves them out.
    ratio = np.array(ratios)
    by_ring = np.nanmedian(ratio, axis=(0, 2))
    figures["overlap"] = np.array(OVERLAP), by_ring, np.nanpercentile(ratio, (25, 75), axis=(0, 2))
    value, against = (
        float(np.nanmedian(by_ring)),
        f"{_several(len(ratios), 'pair')}, the nearest {24 * pairs[0][0]:.1f} hours apart",
    )
    share = value_of("C2.star_scale") / value_of("C3.star_scale")
    yield Row(
        "frames.overlap.official",
        f"{text}, official factors",
        value,
        0.70,
        0.85,
        against=against,
        note="0.775 +- 0.016 on 2010-01-05: the official factor of C2 is low, and C3 has stray light",
    )
    yield Row(
        "frames.overlap.stars",
        f"{text}, star scale",
        value * share,
        0.80,
        1.03,
        against=against,
        note="1.00 +- 0.03 is expected; the difference is diffuse light in C3, which does not affect stars",
    )


def _fixed_light(frames, sources):
    """
    Light of C3 that is fixed to the detector, by frames of one week of which one is upside down.

    In the two frames a sector of the sky falls on opposite sectors of the detector, so the corona cancels in the
    difference.
    """
    row, text = "frames.c3.fixed_light", "C3: light of a sector of the detector less that of the opposite one, over all"
    text = f"{text} light, {OVERLAP[0]} to {OVERLAP[-1]} solar radii, ninth decile"
    usual = [one for one in frames if one.kind == ("C3", "CLEAR", "CLEAR", (1024, 1024))]
    pairs = [
        (abs(one.mjd - other.mjd), one, other) for one in usual for other in usual if not one.turned and other.turned
    ]
    near = sorted((pair for pair in pairs if pair[0] < FLIPPED), key=lambda pair: pair[0])
    if not near:
        needs = f"frames of C3 Clear within {FLIPPED:g} days, of which one is upside down"
        if pairs:
            needs += f"; the nearest are {min(pairs, key=lambda pair: pair[0])[0]:.0f} days apart"
        return unmeasured(row, text, needs)
    odd = []
    for _, one, other in near[:3]:
        light = [_profile(_level1(which, sources), OVERLAP) for which in (one, other)]
        # Opposite sectors have the same with the other sign, so that the mean over all is that of the corona.
        seen = np.isfinite(light[0]) & np.isfinite(light[1])
        light = [np.where(seen, values, np.nan) for values in light]
        odd.append(np.subtract(*(values / np.nanmean(values, axis=1, keepdims=True) for values in light)))
    value = float(np.nanpercentile(np.abs(odd), 90))
    against = f"{_several(len(odd), 'pair')}, the nearest {near[0][0]:.1f} days apart"
    note = "an arc beside the occulter has 20 to 60 % in 2010 to 2012"
    return Row(row, text, value, 0, 0.6, against=against, note=note)


def _triplets(frames, sources):
    """Mean of three polarised images over the unpolarised one."""
    text = "{}: mean of polarised images over the unpolarised one"
    for camera in ("C2", "C3"):
        values, doubtful = [], []
        mine = [one for one in frames if one.camera == camera]
        for clear in mine:
            if clear.polar != "CLEAR":
                continue
            near = {
                one.polar: one
                for one in mine
                if one.filter == clear.filter and one.shape == clear.shape and abs(one.mjd - clear.mjd) * 1440 < TRIPLET
            }
            if {"0DEG", "+60DEG", "-60DEG"} <= set(near):
                images = [
                    np.asarray(_level1(near[polar], sources).data) for polar in ("-60DEG", "0DEG", "+60DEG", "CLEAR")
                ]
                ratio = np.mean(images[:3], axis=0) / images[3]
                known = camera == "C3" or clear.filter not in value_of("C2.factor_doubt")
                (values if known else doubtful).append(
                    (float(np.nanmedian(ratio)), f"{clear.filter.title()} {clear.path.name}")
                )
        row = f"frames.{camera.lower()}.triplet"
        if not values:
            needs = f"a triplet of {camera} and an unpolarised frame within {TRIPLET:g} minutes"
            for value, name in doubtful:
                needs += f", of a filter whose factor is certain: that of {name} is not, and gives {value:.3f}"
            yield unmeasured(row, text.format(camera), needs)
            continue
        worst = max(values, key=lambda value: abs(value[0] - 1))
        yield Row(
            row, text.format(camera), worst[0], 0.95, 1.05, against=_several(len(values), "triplet"), note=worst[1]
        )


def _official(raw, official, sources, figures):
    """Comparison of official level-1 images with ours from the nearest level-0.5 frame."""
    texts = {
        "brightness": ("ours over the official level 1, median", ""),
        "by_radius": ("ours over the official level 1, largest difference of a ring from the median", ""),
        "stars": (
            "stars of ours from those of the official level 1, after the motion of the Sun, median offset",
            "pixel",
        ),
        "stars.outward": (
            "stars of ours from those of the official level 1, outer half outward of the inner half",
            "pixel",
        ),
        "factor": ("calibration factor of official level 1, largest relative difference", ""),
    }
    pairs = []
    for one in official:
        near = min(
            (other for other in raw if other.kind == one.kind), key=lambda other: abs(other.mjd - one.mjd), default=None
        )
        if near is not None and abs(near.mjd - one.mjd) < NEIGHBOUR:
            pairs.append((near, one))
    if official:
        yield _official_factors(official, *texts["factor"])
    else:
        yield unmeasured("official.factor", f"Official level 1: {texts['factor'][0]}", "official level-1 files")
    if not pairs:
        for what in ("brightness", "by_radius", "stars", "stars.outward"):
            yield unmeasured(
                f"official.{what}",
                f"Official level 1: {texts[what][0]}",
                f"an official level-1 file and its level-0.5 frame, or one within {24 * NEIGHBOUR:g} hour",
                unit=texts[what][1],
            )
        return
    medians, largest, offsets, curves = [], [], [], []
    for near, one in _spread(pairs, 4):
        ours, theirs = _level1(near, sources), open_map(one.path)
        radius, ratio = _ratio_by_radius(ours, theirs)
        medians.append(float(np.nanmedian(ratio)))
        largest.append(float(np.nanmax(np.abs(ratio / medians[-1] - 1))))
        offsets.append(_star_offset(ours, theirs))
        curves.append((one.path.name, radius, ratio))
    figures["official"] = curves
    against = ", ".join(f"{one.path.name} and {near.path.name}" for near, one in _spread(pairs, 4))
    worst = max(medians, key=lambda value: abs(value - 1))
    yield Row(
        "official.brightness",
        f"Official level 1: {texts['brightness'][0]}",
        worst,
        0.97,
        1.03,
        against=against,
        note="exposure factors of single frames differ by 1 %",
    )
    yield Row(
        "official.by_radius", f"Official level 1: {texts['by_radius'][0]}", max(largest), 0, 0.02, against=against
    )
    for what, limits, values in zip(
        ("stars", "stars.outward"), ((0, 0.1), (-0.06, 0.06)), np.transpose(offsets), strict=True
    ):
        seen = values[np.isfinite(values)]
        value = float(max(seen, key=abs)) if seen.size else np.nan
        yield Row(f"official.{what}", f"Official level 1: {texts[what][0]}", value, *limits, "pixel", against)


def _official_factors(official, text, unit):
    off, number = 0.0, 0
    for one in official:
        header = _quietly(fits.getheader, one.path)
        history = " ".join(map(str, header["HISTORY"]))
        place = history.find("calfactor.pro")
        words = history[place:].replace(":", " ").split() if place >= 0 else []
        printed = next((word for word in words if "e-" in word and _is_number(word)), None)
        if printed is None:
            continue
        original = history[history.find("Original date_obs") :].split()
        day = Time(original[2].replace("/", "-")).mjd if len(original) > 2 else np.floor(one.mjd)
        binning = max(1, header.get("LEBXSUM", 1)) * max(1, header.get("LEBYSUM", 1))
        off = max(
            off, abs(calibration_factor(one.camera, one.filter, one.polar, int(day), binning) / float(printed) - 1)
        )
        number += 1
    return Row(
        "official.factor",
        f"Official level 1: {text}",
        off if number else np.nan,
        0,
        1e-6,
        unit,
        f"{_several(number, 'official header')}, six digits",
    )


def _is_number(word):
    try:
        return 0 < float(word) < 1
    except ValueError:
        return False


def _ratio_by_radius(ours, theirs):
    """Radius of rings, pixel, and the median ratio in them."""
    y, x = np.indices(ours.data.shape)
    radius = np.hypot(x + 1 - ours.wcs.wcs.crpix[0], y + 1 - ours.wcs.wcs.crpix[1])
    theirs = np.asarray(theirs.data, dtype=float)
    good = np.isfinite(ours.data) & np.isfinite(theirs) & (theirs > 0)
    edges = np.arange(80, 541, 20)
    label = np.digitize(radius, edges)
    rings = np.arange(1, len(edges))
    used = [ring for ring in rings if (good & (label == ring)).sum() > 200]
    ratio = [float(np.median((ours.data / np.where(good, theirs, 1))[good & (label == ring)])) for ring in used]
    return (edges[:-1] + edges[1:])[np.array(used, dtype=int) - 1] / 2, np.array(ratio)


def _star_offset(ours, theirs):
    """
    Offset of stars between both images, without the expected motion of the Sun, pixel.

    The median, and the difference of the outward offsets of the outer and the inner half.
    """
    found = []
    for smap in (ours, theirs):
        table = predict(smap, limit=6.5)
        x, y = table["x"].value, table["y"].value
        shape = smap.data.shape
        inside = (x > 12) & (x < shape[1] - 12) & (y > 12) & (y < shape[0] - 12)
        image = np.where(np.asarray(smap.data) > 0, smap.data, np.nan)
        places = star_places(image, x[inside], y[inside], 4.0, (0.55, 0.55), None, 0.0)
        found.append(
            {
                int(hip): (px - qx, py - qy, px, py)
                for hip, px, py, qx, qy, ok in zip(
                    table["hip"][inside], places["x"], places["y"], x[inside], y[inside], places["found"], strict=True
                )
                if ok and hip
            }
        )
    common = sorted(set(found[0]) & set(found[1]))
    if len(common) < FEWEST:
        return np.nan, np.nan
    # Both cards of the Sun's centre tell of the same detector: their difference is not one of the places.
    told = ours.wcs.wcs.crpix - theirs.wcs.wcs.crpix
    shifts = np.array([np.subtract(found[0][hip][:2], found[1][hip][:2]) for hip in common]) + told
    middle = np.median(shifts, axis=0)
    away = np.array([found[0][hip][2:] for hip in common]) - (ours.wcs.wcs.crpix - 1)
    radius = np.hypot(*away.T)
    outward = ((shifts - middle) * away).sum(axis=1) / radius
    outer = radius > np.median(radius)
    return float(np.hypot(*middle)), float(np.median(outward[outer]) - np.median(outward[~outer]))
