"""Files of a run as the context of each other."""

import contextlib
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sunpy_lasco.bulk.places import local_input
from sunpy_lasco.instrument.frame import Frame
from sunpy_lasco.repair.maps import LONGEST, PER_SIDE

__all__ = ["ContextFiles", "NearFiles", "context_of_files", "facts_of"]

#: Number of candidate exposures on each side of a frame, more than are used, since some may be unsuitable.
CANDIDATES = 2 * PER_SIDE
#: Number of maps cached by a process; successive frames share most of their neighbours.
KEPT_MAPS = 2 * CANDIDATES + 1
#: Number of headers whose contents a process keeps.
KEPT_HEADERS = 4096
#: No header of LASCO is longer, bytes.
LONGEST_HEADER = 100 * 2880


def _read_map(file):
    from sunpy_lasco.map.reading import open_map

    return open_map(file)


_kept_map = lru_cache(maxsize=KEPT_MAPS)(_read_map)


@dataclass(frozen=True)
class ContextFiles:
    """Maps that are read from files when needed, i.e. only for frames with lost blocks."""

    #: The files.
    files: tuple[Path, ...]

    def __iter__(self):
        for file in self.files:
            try:
                yield _kept_map(file)
            except Exception:  # noqa: BLE001 - a broken file is no context; its own calibration says why
                continue


@dataclass(frozen=True)
class NearFiles:
    """The context of a file among others, determined when needed."""

    #: The file.
    file: Path
    #: Names or addresses of candidate files.
    others: tuple[str, ...]

    @property
    def files(self):
        """The files that are its context."""
        others = []
        for name in self.others:
            with contextlib.suppress(OSError):
                others.append(local_input(name))
        return context_of_files([self.file], others)[self.file].files

    def __iter__(self):
        yield from ContextFiles(self.files)


def context_of_files(files, others=()):
    """
    Find the context of each of some files among all of them.

    Only headers are read.

    Parameters
    ----------
    files : sequence of `~pathlib.Path`
        Level-0.5 files to calibrate.
    others : sequence of `~pathlib.Path`, optional
        Files used only as context.

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


def facts_of(file):
    """
    Read the header of a level-0.5 file.

    Parameters
    ----------
    file : `~pathlib.Path`

    Returns
    -------
    `~sunpy_lasco.instrument.frame.Frame`

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    Exception
        Any error in the header.
    """
    status = file.stat()
    return _frame_of(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=KEPT_HEADERS)
def _frame_of(file, *_):
    header = _header_of(file)
    return Frame.from_header(header, (int(header["naxis2"]), int(header["naxis1"])))


def _facts(file):
    """
    Properties that exposures must have in common, and the middle of the exposure, s; None if the header lacks them.
    """
    try:
        frame = facts_of(file)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, its own calibration says so
        return None
    kind = (frame.camera.name, frame.filter, frame.polar, frame.binning)
    return kind, frame.mid_mjd * 86400.0 + frame.mid_time


def _header_of(file):
    """The first header of a FITS file; nothing else is read."""
    import gzip

    from astropy.io import fits

    from sunpy_lasco.map.simple_fits import simple_header

    if not file.is_file():
        raise FileNotFoundError(file)
    with file.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        content = (gzip.open(raw) if packed else raw).read(LONGEST_HEADER)
    simple = simple_header(content)
    if simple is not None:
        return {name.lower(): value for name, value in simple[0].items()}
    text = content.decode("latin-1")
    cards = [text[start : start + fits.Card.length] for start in range(0, len(text), fits.Card.length)]
    end = next(number for number, card in enumerate(cards) if card.rstrip() == "END")
    return fits.Header.fromstring("".join(cards[:end]))
