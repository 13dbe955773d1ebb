"""Files that are given together, as the context of each other."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sunpy_lasco.inpainting.context import LONGEST, PER_SIDE
from sunpy_lasco.instrument.frame import Frame

__all__ = ["ContextFiles", "context_of_files", "read_map"]

#: Exposures on each side of a frame that are looked into: of those that are used, some may turn
#: out not to fit.
CANDIDATES = 2 * PER_SIDE
#: Maps that a process keeps: frames in order of time share most of their neighbours.
KEPT_MAPS = 2 * CANDIDATES + 1


def read_map(file):
    """
    Read a file that holds one image.

    Parameters
    ----------
    file : path-like

    Returns
    -------
    `~sunpy.map.GenericMap`

    Raises
    ------
    ValueError
        If the file holds several images.
    """
    import warnings

    from astropy.io.fits.verify import VerifyWarning

    import sunpy.map

    with warnings.catch_warnings():
        # Four lines on cards of the archive's files that hold tabulators, for almost every file.
        warnings.simplefilter("ignore", VerifyWarning)
        smap = sunpy.map.Map(file)
    if isinstance(smap, list):
        msg = f"{file} holds {len(smap)} images where one is expected."
        raise ValueError(msg)
    return smap


_kept_map = lru_cache(maxsize=KEPT_MAPS)(read_map)


@dataclass(frozen=True)
class ContextFiles:
    """Maps of files, which are read when they are asked for: only frames with lost blocks do."""

    #: The files.
    files: tuple[Path, ...]

    def __iter__(self):
        for file in self.files:
            try:
                yield _kept_map(file)
            except Exception:  # noqa: BLE001 - a broken file is no context; its own calibration says why
                continue


def context_of_files(files, others=()):
    """
    Find the context of each of some files among all of them.

    Only headers are read.

    Parameters
    ----------
    files : sequence of `~pathlib.Path`
        Level-0.5 files that are to be calibrated.
    others : sequence of `~pathlib.Path`, optional
        Files that serve as context only.

    Returns
    -------
    `dict` of `~pathlib.Path` to `ContextFiles`
        For each of ``files`` the exposures nearest in time before and after with the same camera,
        filter, polariser and sums, as far as they are near enough for a repair.
    """
    known = {file: facts for file in dict.fromkeys((*files, *others)) if (facts := _facts(file)) is not None}
    groups = {}
    for file, (kind, seconds) in known.items():
        groups.setdefault(kind, []).append((seconds, file))
    for group in groups.values():
        group.sort(key=lambda one: one[0])
    found = {}
    for file in files:
        found[file] = ContextFiles(())
        if file in known:
            kind, seconds = known[file]
            group, longest = groups[kind], LONGEST[kind[0]]
            before = bisect_left(group, seconds, key=lambda one: one[0])
            near = [
                *group[max(0, before - CANDIDATES) : before],
                *[one for one in group[before : before + CANDIDATES + 1] if one[1] != file],
            ]
            found[file] = ContextFiles(tuple(other for when, other in near if abs(when - seconds) <= longest))
    return found


def _facts(file):
    """What exposures must have in common, and the middle of the exposure, s; None if the file does not tell."""
    import warnings

    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = fits.getheader(file)
            frame = Frame.from_header(header, (int(header["NAXIS2"]), int(header["NAXIS1"])))
    except Exception:  # noqa: BLE001 - whatever is wrong with it, its own calibration says so
        return None
    kind = (frame.camera.name, frame.filter, frame.polar, frame.binning)
    return kind, frame.mid_mjd * 86400.0 + frame.mid_time
