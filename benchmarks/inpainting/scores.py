"""
Scores of a fill.

All errors are for measured pixels that show the sky and are not stars or particle hits.
"""

import numpy as np
from skimage.metrics import structural_similarity

#: Side of the cells over which noise is averaged, pixel, and smallest number of pixels in a cell.
CELL = 8
FEWEST = 32
#: Range of the working space for SSIM, in units of the noise of a pixel.
SSIM_RANGE = 10.0


def cells(image):
    """The cells of 8 x 8 pixels of an image, (n, 64)."""
    height, width = image.shape
    image = np.pad(image, ((0, -height % CELL), (0, -width % CELL)), constant_values=np.nan)
    shape = (image.shape[0] // CELL, CELL, image.shape[1] // CELL, CELL)
    return image.reshape(shape).transpose(0, 2, 1, 3).reshape(-1, CELL**2)


def judge(case, fill):
    """
    Score a fill.

    Parameters
    ----------
    case : Case
    fill : `~sunpy_lasco.repair.crop.Fill`

    Returns
    -------
    `dict` or None
        Errors in per cent of the signal, and pulls of cells and pixels as arrays.  None if the
        method fills less than half of the pixels that can be scored.
    """
    crop = case.crop
    truth = crop.from_signal(case.truth)
    judged = np.isfinite(truth)
    good = judged & np.isfinite(fill.z)
    if good.sum() < 0.5 * judged.sum():
        return None
    error = np.where(good, fill.z - truth, np.nan)
    flat = case.truth / crop.response
    relative = error * crop.noise / flat
    by_cell = cells(error)
    count = np.isfinite(by_cell).sum(axis=1)
    enough = count >= FEWEST
    if not enough.any():
        return None
    count, by_cell = count[enough], by_cell[enough]
    own = np.zeros_like(truth) if fill.noise is None else fill.noise
    sigma = np.nanmean(cells(np.where(good, fill.sigma, np.nan))[enough], axis=1)
    mean = np.nanmean(by_cell, axis=1)
    # The noise of the measured pixels, from their scatter within a cell.
    noise = np.nanvar(by_cell, axis=1) / (count - 1)
    pixel = error[good] / np.sqrt(fill.sigma**2 + own**2 + 1.0)[good]
    span = np.ptp(np.nanpercentile(case.truth[good], (1, 99)))
    rms = np.sqrt(np.nanmean((error * crop.noise * crop.response) ** 2))
    return {
        "group": case.group,
        "flux": 100 * abs(np.nansum(error * crop.noise)) / np.nansum(np.where(good, flat, 0.0)),
        "bin8": 100 * np.mean(np.abs(np.nanmedian(cells(relative)[enough], axis=1))),
        "pixel": 100 * np.nanmean(np.abs(relative)),
        "floor": 100 * np.nanmean(0.8 * crop.noise[good] / flat[good]),
        "difference": float(np.sqrt(np.mean(mean**2) / np.mean(2.0 / count))) if case.sequence else np.nan,
        "psnr": 20 * np.log10(max(span, 1e-9) / rms),
        "ssim": _ssim(fill.z, truth, good),
        "error": mean,
        "noise": noise,
        "sigma": sigma,
        "pixel_68": np.mean(np.abs(pixel) < 1.0),
        "pixel_95": np.mean(np.abs(pixel) < 1.96),
    }


def _ssim(value, truth, good):
    """SSIM in the working space; pixels that are not scored are equal in both."""
    rows, columns = np.nonzero(good)
    window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    value, truth, good = (np.where(good, image, 0.0)[window] for image in (value, truth, good))
    if min(good.shape) < 7:
        return np.nan
    _, image = structural_similarity(value, truth, data_range=SSIM_RANGE, full=True)
    return float(image[good > 0].mean())


def coverage(scores, scale=1.0):
    """Share of 8 x 8 cells with errors below 1 and 1.96 scaled sigma; each group has the same weight."""
    groups = {}
    for one in scores:
        pull = np.abs(one["error"]) / np.sqrt((scale * one["sigma"]) ** 2 + one["noise"])
        groups.setdefault(one["group"], []).append(pull)
    shares = [[np.mean(np.concatenate(pulls) < limit) for limit in (1.0, 1.96)] for pulls in groups.values()]
    return tuple(float(share) for share in np.mean(shares, axis=0))
