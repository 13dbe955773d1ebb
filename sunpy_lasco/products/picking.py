"""
Manual points of a front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.dates import date2num, num2date

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy_lasco.errors import OptionError

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes

    from sunpy_lasco.products.height_time import JMap

__all__ = ["Picker", "pick"]

#: 1 sigma of a click, pixels of the camera; half a cell of the J-map is added.
CLICK_SIGMA = {"C2": 1.0, "C3": 2.0}


class Picker:
    """
    A J-map in which clicks set points; see `sunpy_lasco.products.pick`.

    ``table`` returns the points in the same form as `~sunpy_lasco.products.track`.
    """

    def __init__(self, jmap: JMap, axes: Axes) -> None:
        self.jmap, self.axes = jmap, axes
        #: Height of the point of each row that has one, by its number.
        self._heights = {}
        (self._drawn,) = axes.plot([], [], "o", color="tab:orange", markersize=5, zorder=5)
        self._connection = axes.figure.canvas.mpl_connect("button_press_event", self._clicked)

    @property
    def table(self) -> QTable:
        """The points: a `~astropy.table.QTable` with the columns time, height and sigma, in order of time."""
        rows = sorted(self._heights)
        step = (self.jmap.height[1] - self.jmap.height[0]).to_value(u.R_sun) if len(self.jmap.height) > 1 else 0.0
        sigma = float(np.hypot(CLICK_SIGMA[self.jmap.detector] * self.jmap.pixel, step / 2))
        return QTable(
            {
                "time": self.jmap.time[np.array(rows, int)],
                "height": np.array([self._heights[row] for row in rows]) * u.R_sun,
                "sigma": np.full(len(rows), sigma) * u.R_sun,
            },
            meta={
                "detector": self.jmap.detector,
                "position angle": self.jmap.position_angle.to_value(u.deg),
                "width": self.jmap.width.to_value(u.deg),
                "edge": "by hand",
            },
        )

    def add(self, time: Time, height: u.Quantity) -> None:
        """
        Set the point of the row at a time, replacing an existing one.

        Parameters
        ----------
        time : `~astropy.time.Time`
        height : `~astropy.units.Quantity`
            Solar radii.
        """
        row = self._row(Time(time).mjd)
        if row is not None:
            self._heights[row] = float(u.Quantity(height).to_value(u.R_sun))
            self._redraw()

    def remove(self, time: Time) -> None:
        """
        Remove the point of the row at a time.

        Parameters
        ----------
        time : `~astropy.time.Time`
        """
        row = self._row(Time(time).mjd)
        if self._heights.pop(row, None) is not None:
            self._redraw()

    def close(self) -> None:
        """Disconnect from the figure; the points are kept."""
        self.axes.figure.canvas.mpl_disconnect(self._connection)

    def _row(self, mjd):
        """The row drawn at a time; it extends from the earlier to the later frame of a difference."""
        times = self.jmap.time.mjd
        if self.jmap.earlier is None:
            row = int(np.searchsorted(times, mjd, side="right")) - 1
            return row if row >= 0 else None
        inside = np.flatnonzero((self.jmap.earlier.mjd <= mjd) & (mjd <= times))
        return int(inside[0]) if len(inside) else None

    def _clicked(self, event):
        """The left button sets a point, the right one removes it, unless the toolbar is zooming or panning."""
        toolbar = getattr(event.canvas, "toolbar", None)
        if event.inaxes is not self.axes or (toolbar is not None and str(getattr(toolbar, "mode", ""))):
            return
        time = Time(num2date(event.xdata).replace(tzinfo=None))
        if event.button == 1:
            self.add(time, event.ydata * u.R_sun)
        elif event.button == 3:
            self.remove(time)

    def _redraw(self):
        table = self.table
        self._drawn.set_data(date2num(table["time"].datetime), table["height"].value)
        self.axes.figure.canvas.draw_idle()


def pick(jmap: JMap, axes: Axes | None = None, **plot: Any) -> Picker:
    """
    Set points of a front manually.

    Parameters
    ----------
    jmap : `JMap`
    axes : `~matplotlib.axes.Axes`, optional
        Axes for the J-map, in a window or a notebook (``%matplotlib widget``).
    **plot
        Options of `JMap.plot`.

    Returns
    -------
    `Picker`
        Keep a reference to the picker while you click. The left button sets the point of a frame, and the right
        button removes it. Pass ``.table`` to `~sunpy_lasco.products.fit_height_time`.

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If the J-map has no rows.
    """
    if not len(jmap.time):
        msg = "The J-map has no rows."
        raise OptionError(msg)
    return Picker(jmap, jmap.plot(axes, **plot))
