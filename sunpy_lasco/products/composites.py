"""
Composites of C2 within C3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

import astropy.units as u

import sunpy.map

from sunpy_lasco.errors import IncompatibleMapsError, OptionError
from sunpy_lasco.files import atomic_path
from sunpy_lasco.instrument.changes import changed
from sunpy_lasco.map.edit import add_history
from sunpy_lasco.map.quantities import header_unit
from sunpy_lasco.products.pictures import HIDDEN, SIZE, Look, blank, show, stamp, tell
from sunpy_lasco.products.places import height_and_angle, pair_of
from sunpy_lasco.products.polar import pixels_at

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from sunpy.map import GenericMap

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.map.sources import LASCOC2Map, LASCOC3Map

__all__ = ["Composite", "CompositeMap", "composite"]

#: Width of the cells in position angle in which the cameras are compared, degree, and smallest number of pixels in a
#: cell.
CELL_WIDTH, LEAST_PIXELS = 10.0, 10
#: Half the width of the ring in which the step at the seam is measured, solar radii.
SEAM_RING = 0.3
#: Time difference, minutes, beyond which maps cannot be combined, and beyond which a warning is given.
LARGEST_APART = 180.0
#: Stems of the cards of the grid of C3.
GRID_CARDS = ("pc", "cd1_", "cd2_", "crota", "pv", "lonpole", "latpole", "xcen", "ycen", "naxis", "a_", "b_")
#: Height up to which the image of the disk is shown, solar radii, and percentiles of its scale.
DISK_EDGE, DISK_PERCENTILES = 1.25, (1.0, 99.7)


class CompositeMap(sunpy.map.GenericMap):
    """The image of a `Composite`, which belongs to no single camera."""

    @property
    def unit(self):
        """Mean solar brightness, or the unit of the images."""
        return header_unit(self.meta)


@dataclass(frozen=True)
class Composite:
    """C2 within C3."""

    #: Brightness, MSB on the scale of C3; helioprojective, with solar north up and the Sun centre in the middle.
    map: sunpy.map.GenericMap
    #: Factor by which C2 was multiplied, and its 1 sigma, from the region that both cameras see.
    factor: float
    factor_sigma: float
    #: Where C2 ends.
    seam: u.Quantity
    #: Median of scaled C2 over C3 at the seam, minus 1, and its scatter with position angle.
    step: float
    step_scatter: float
    #: Times between the middles of the exposures, C3 minus C2.
    apart: u.Quantity
    #: Pixels that come from C2, shape (ny, nx).
    from_c2: np.ndarray = field(repr=False)
    #: The image of the disk, if there is one.
    disk: sunpy.map.GenericMap | None = field(default=None, repr=False)

    def draw(
        self, axes: Axes | None = None, *, look: tuple[Look, Look] | None = None, label: str | None = None
    ) -> Axes:
        """
        Draw the composite as `sunpy_lasco.products.draw` does, with the disk inside.

        Parameters
        ----------
        axes : `~matplotlib.axes.Axes`, optional
        look : pair of `Look`, optional
        label : `str`, optional

        Returns
        -------
        `~matplotlib.axes.Axes`
        """
        import matplotlib.pyplot as plt

        axes = plt.gca() if axes is None else axes
        show(axes, self.map, self.colours(look))
        tell(axes, stamp(self.map, label))
        return axes

    def _parts(self):
        """The parts of C2 and of C3 as separate maps."""
        parts = []
        for name, mine in (("C2", self.from_c2), ("C3", ~self.from_c2)):
            meta = self.map.meta.copy()
            meta["detector"] = name
            parts.append(CompositeMap(np.where(mine, self.map.data, np.nan), meta))
        return parts

    def look(self) -> tuple[Look, ...]:
        """
        The look of each camera: the same for differences, separate scales for the corona.

        Returns
        -------
        `tuple` of `Look`
            For C2 and for C3.
        """
        inner, outer = (Look.of(part) for part in self._parts())
        return (outer, outer) if outer.kind == "difference" else (inner, outer)

    def colours(self, look: tuple[Look, Look] | None = None) -> np.ndarray:
        """
        The pixels as colours, as for `Look.colours`.

        Parameters
        ----------
        look : pair of `Look`, optional
            Of C2 and C3.

        Returns
        -------
        `numpy.ndarray`
        """
        import matplotlib as mpl

        inner, outer = self._parts()
        one, other = self.look() if look is None else look
        found = np.where(self.from_c2[..., None], one.colours(inner), other.colours(outer))
        if self.disk is not None:
            height, angle = height_and_angle(self.map)
            inside = height < DISK_EDGE
            x, y = pixels_at(self.disk, height[inside], angle[inside])
            values = ndimage.map_coordinates(np.asarray(self.disk.data, float), [y, x], order=1, cval=np.nan)
            low, high = np.nanpercentile(values, DISK_PERCENTILES)
            share = np.sqrt(np.clip((values - low) / max(high - low, 1e-30), 0, 1))
            cmap = mpl.colormaps[self.disk.plot_settings.get("cmap", "gray")]
            shown = (cmap(np.nan_to_num(share))[:, :3] * 255).round().astype(np.uint8)
            found[inside] = np.where(np.isfinite(values)[:, None], shown, np.array(HIDDEN, np.uint8))
        return found

    def picture(
        self,
        path: PathLike,
        *,
        look: tuple[Look, Look] | None = None,
        label: str | None = None,
        size: int = SIZE,
        overwrite: bool = False,
    ) -> Path:
        """
        Write a picture.

        Parameters
        ----------
        path : path-like
        look : pair of `Look`, optional
        label : `str`, optional
        size : `int`
            Pixels on a side.
        overwrite : `bool`

        Returns
        -------
        `pathlib.Path`
        """
        from pathlib import Path

        path = Path(path)
        figure, axes = blank(size)
        self.draw(axes, look=look, label=label)
        with atomic_path(path, overwrite=overwrite) as temporary:
            figure.savefig(temporary, format=path.suffix.lstrip(".") or "png")
        return path


def composite(
    c2: LASCOC2Map,
    c3: LASCOC3Map,
    disk: GenericMap | None = None,
    *,
    seam: u.Quantity = 5.5 * u.R_sun,
    match: u.Quantity = (4.8, 6.0) * u.R_sun,
    half_width: u.Quantity = 16 * u.R_sun,
    size: int = SIZE,
) -> Composite:
    """
    Combine C2 and C3 in one image.

    Parameters
    ----------
    c2 : `~sunpy_lasco.LASCOC2Map`
    c3 : `~sunpy_lasco.LASCOC3Map`
        Level 1, MSB.
    disk : `~sunpy.map.GenericMap`, optional
        An image of the disk as seen from near the Earth, for pictures.
    seam : `~astropy.units.Quantity`
        Height of the seam. C2 is used inside, C3 outside. Where C3 is masked, C2 is used outside too.
    match : `~astropy.units.Quantity`
        Heights between which the scale of C2 is matched to C3.
    half_width : `~astropy.units.Quantity`
        Distance from the Sun's centre to the edges of the image.
    size : `int`
        Pixels on a side.

    Returns
    -------
    `Composite`
        The header describes the seam: SEAM, C2SCALE, C2SCALES, SEAMSTEP, SEAMSCAT.

    Raises
    ------
    sunpy_lasco.errors.IncompatibleMapsError
        If the maps are not C2 and C3, differ in unit, or are more than three hours apart.
    sunpy_lasco.errors.OptionError
        If the cameras do not overlap between the heights of ``match``.

    Notes
    -----
    Both are interpolated once (bilinear) in apparent solar radii and position angle, which accounts for the
    motion of SOHO between the exposures and for different pointings. The scale is the mean over position
    angles of the medians of C3 / C2. The remaining step at the seam is due to stray light and to the
    different colours of the cameras.
    """
    for smap, name in ((c2, "C2"), (c3, "C3")):
        if getattr(smap, "detector", None) != name:
            msg = f"{getattr(smap, 'meta', {}).get('filename', smap)} is not an image of {name}; use composite(c2, c3)."
            raise IncompatibleMapsError(msg)
    if c2.unit != c3.unit or c2.unit == u.DN:
        msg = f"{c2.meta.get('filename')} is in {c2.unit} and {c3.meta.get('filename')} in {c3.unit}: use level 1."
        raise IncompatibleMapsError(msg)
    apart = (c3.reference_date - c2.reference_date).to(u.min)
    if abs(apart.value) > LARGEST_APART:
        msg = f"{c2.meta.get('filename')} and {c3.meta.get('filename')} are {apart.to_value(u.hour):.1f} hours apart."
        raise IncompatibleMapsError(msg)
    edge, half = (_radii(value, name) for value, name in ((seam, "seam"), (half_width, "half_width")))
    low, high = pair_of(match, u.R_sun, "match")
    header = _header(c2, c3, half, int(size))
    empty = CompositeMap(np.broadcast_to(np.float32(0), (int(size), int(size))), header)
    height, angle = height_and_angle(empty)
    inner, outer = (
        ndimage.map_coordinates(
            np.asarray(smap.quantity.value, float), pixels_at(smap, height, angle)[::-1], order=1, cval=np.nan
        )
        for smap in (c2, c3)
    )
    ratio, cells = _ratios(outer, inner, height, angle, low, high)
    if not len(ratio):
        msg = f"C2 and C3 do not overlap from {low:g} to {high:g} solar radii."
        raise OptionError(msg)
    factor, sigma = float(np.mean(ratio)), float(np.std(ratio, ddof=1) / np.sqrt(cells)) if cells > 1 else np.nan
    steps, _ = _ratios(factor * inner, outer, height, angle, edge - SEAM_RING, edge + SEAM_RING)
    step, scatter = (float(np.median(steps) - 1.0), float(np.std(steps))) if len(steps) else (np.nan, np.nan)
    use_c2 = (height < edge) | (~np.isfinite(outer) & (height < high))
    data = np.where(use_c2, factor * inner, outer).astype(np.float32)
    for card, value in (
        ("seam", edge),
        ("c2scale", round(factor, 5)),
        ("c2scales", round(sigma, 5)),
        ("seamstep", round(step, 5)),
        ("seamscat", round(scatter, 5)),
    ):
        if np.isfinite(value):
            header[card] = value
    add_history(header, f"C2 {c2.meta.get('filename')}, times {factor:.4f} +- {sigma:.4f}, within {edge:g} solar radii")
    add_history(header, f"C3 {c3.meta.get('filename')}, beyond")
    return Composite(
        map=CompositeMap(data, header),
        factor=factor,
        factor_sigma=sigma,
        seam=edge * u.R_sun,
        step=step,
        step_scatter=scatter,
        apart=apart,
        from_c2=use_c2,
        disk=disk,
    )


def _radii(value, name):
    try:
        number = float(u.Quantity(value).to_value(u.R_sun))
    except (TypeError, u.UnitConversionError) as error:
        msg = f"{name}={value!r} is not a height, such as 4.5 * u.R_sun."
        raise OptionError(msg) from error
    if not number > 0:
        msg = f"{name}={value!r} is not positive."
        raise OptionError(msg)
    return number


def _header(c2, c3, half, size):
    """Header of the composite, for the observer of C3."""
    meta = changed(c3._operation_header(), "reproject")
    for card in list(meta):
        stem = str(card).lower()
        if stem.startswith(
            ("pc", "cd1_", "cd2_", "crota", "pv", "lonpole", "latpole", "xcen", "ycen", "naxis", "a_", "b_")
        ):
            del meta[card]
    meta.update(
        {
            # Omit cards that would mark the composite as a frame of one camera.
            "instrume": "LASCO C2 and C3",
            "detector": "C2+C3",
            "ctype1": "HPLN-TAN",
            "ctype2": "HPLT-TAN",
            "cunit1": "arcsec",
            "cunit2": "arcsec",
            "crval1": 0.0,
            "crval2": 0.0,
            "crpix1": (size + 1) / 2,
            "crpix2": (size + 1) / 2,
            "product": "composite",
            "prstep1": str(c2.meta.get("filename") or c2.date.isot),
            "prstep2": str(c3.meta.get("filename") or c3.date.isot),
            "date_c2": c2.reference_date.utc.isot,
            "filename": f"c2c3_{c3.reference_date.utc.strftime('%Y%m%dT%H%M%S')}_composite.fits",
        }
    )
    meta["cdelt1"] = meta["cdelt2"] = 2 * half * c3.rsun_obs.to_value(u.arcsec) / size
    if c3.meta.get("prlabel"):
        meta["prlabel"] = c3.meta["prlabel"]
    return meta


def _ratios(one, other, height, angle, low, high):
    """
    Medians of the ratio of two images in cells of position angle between two heights, and their numbers of
    pixels.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = one / other
    use = np.isfinite(ratio) & (other > 0) & (one > 0) & (height >= low) & (height < high)
    cell = (angle[use] / CELL_WIDTH).astype(int)
    values = ratio[use]
    found = [values[cell == number] for number in np.unique(cell)]
    found = np.array([np.median(part) for part in found if len(part) >= LEAST_PIXELS])
    return found, len(found)
