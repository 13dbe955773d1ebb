"""
The user's calibration images and tables: complete, plausible, and identical to the published ones.
"""

import numpy as np

from sunpy_lasco.assets.choice import local_sources, resolve
from sunpy_lasco.assets.estimate import EstimateSource
from sunpy_lasco.assets.files import read_bytes
from sunpy_lasco.assets.images import check_file, read_image
from sunpy_lasco.assets.names import C2_VIGNETTING, C3_VIGNETTING_POST, C3_VIGNETTING_PRE, CATALOGUE
from sunpy_lasco.assets.remote import RemoteSource
from sunpy_lasco.assets.sources import ChainSource
from sunpy_lasco.assets.store import known_sha256
from sunpy_lasco.config import Configuration
from sunpy_lasco.errors import AssetError, MissingAssetError
from sunpy_lasco.instrument.cameras import CAMERAS
from sunpy_lasco.verify.references import ASSET_VERSIONS
from sunpy_lasco.verify.rows import Row, Verdict, unmeasured

__all__ = ["asset_rows"]

#: Digits of a SHA-256 that are shown.
DIGITS = 16
#: Inverse vignettings that are compared with the estimate of the package: camera, ring about the occulter, pixel,
#: and by how much the median may differ, three times what the estimate states.
COMPARED = {
    C2_VIGNETTING: ("C2", 300.0, 500.0, 0.12),
    C3_VIGNETTING_PRE: ("C3", 180.0, 420.0, 0.05),
    C3_VIGNETTING_POST: ("C3", 180.0, 420.0, 0.02),
}


def asset_rows(assets=None):
    """
    Rows of the calibration images and tables.

    Parameters
    ----------
    assets : path-like, optional
        Their directory; by default those of the configuration and previous downloads. The network is not
        used.

    Yields
    ------
    `~sunpy_lasco.verify.rows.Row`
    """
    find = _finder(assets)
    for name, item in CATALOGUE.items():
        text = f"{item.content[0].upper()}{item.content[1:]}: {name}"
        row = f"asset.{name}"
        try:
            path = find(name)
        except AssetError as error:
            yield Row(row, text, 1, 0, 0, "problems", "plausible contents", note=str(error))
            continue
        if path is None:
            yield unmeasured(row, text, f"the published file {name}", unit="problems")
        else:
            found = _row(row, text, path, item)
            yield found
            if name in COMPARED and found.verdict == Verdict.HOLDS and not read_image(path, name).estimated:
                yield _against_estimate(row, path, name)


def _against_estimate(row, path, name):
    """Ratio of a published vignetting to its estimate."""
    camera, inner, outer, limit = COMPARED[name]
    x0, y0 = CAMERAS[camera].occulter_centre
    image, estimate = read_image(path, name).data, EstimateSource().image(name).data
    y, x = np.ogrid[: image.shape[0], : image.shape[1]]
    ring = (np.hypot(x - x0, y - y0) > inner) & (np.hypot(x - x0, y - y0) < outer)
    ratio = float(np.median(image[ring] / estimate[ring])) - 1
    return Row(
        f"{row}.estimate",
        f"{name} over the estimate of the package, median, less 1",
        ratio,
        -limit,
        limit,
        against=f"{inner:g} to {outer:g} pixels from the occulter",
    )


def _finder(assets):
    """A function from a name to the path of the file, or None."""
    if assets is not None:
        source, store = resolve(assets), None
    else:
        configuration = Configuration.read()
        source, store = ChainSource(tuple(local_sources(configuration))), RemoteSource(configuration).store

    def find(name):
        try:
            return source.path(name)
        except MissingAssetError:
            return store.verified(name) if store is not None else None

    return find


def _row(row, text, path, item):
    problems, notes = [], []
    try:
        check_file(path, item.name)
        digest = read_bytes(path)[1]
        notes.append(f"SHA-256 {digest[:DIGITS]}...")
        known = known_sha256(path, item.name)
        if known is not None and known != digest:
            problems.append(f"SHA-256 is not that of the first download, {known[:DIGITS]}...")
        if item.kind in ("image", "mask"):
            image = read_image(path, item.name)
            if image.estimated:
                notes.append("an estimate")
                return unmeasured(
                    row,
                    f"{text} ({', '.join(notes)})",
                    f"the published file {item.name}; this is an estimate of it",
                    unit="problems",
                )
            date = str(image.header.get("DATE", "")).strip()[:10].replace("/", "-")
            expected = ASSET_VERSIONS.get(item.name)
            if expected:
                notes.append(f"DATE {date or 'is not there'}, the version of official level 1 is of {expected}")
                # Cards of another age than the version that official files name are another version.
                if date > expected:
                    problems.append(f"the file is of {date}, later than the version of official level 1, {expected}")
    except AssetError as error:
        problems.append(str(error))
    return Row(
        row,
        text,
        len(problems),
        0,
        0,
        "problems",
        "plausible contents, SHA-256 of the first download, DATE",
        note="; ".join([*problems, *notes]),
    )
