"""
Maps of LASCO C2 and C3.

After this package has been imported, `sunpy.map.Map` returns `LASCOC2Map` and `LASCOC3Map` for images of
these cameras. Images of C1 keep sunpy's own class.
"""

from sunpy_lasco.instrument.changes import changed, changes_of, require_exposure, require_grid
from sunpy_lasco.map.edit import replace
from sunpy_lasco.map.holes import fill_for_display, without_negatives
from sunpy_lasco.map.masks import flags
from sunpy_lasco.map.reading import open_map
from sunpy_lasco.map.sources import LASCOC2Map, LASCOC3Map

__all__ = [
    "LASCOC2Map",
    "LASCOC3Map",
    "changed",
    "changes_of",
    "fill_for_display",
    "flags",
    "open_map",
    "replace",
    "require_exposure",
    "require_grid",
    "without_negatives",
]
