"""
Figures of the report.
"""

import io

import numpy as np

__all__ = ["draw"]

#: Size of a figure, inch, and dots per inch.
SIZE, DOTS = (6.4, 3.6), 150
#: Colours of the cameras.
COLOURS = {"c2": "#c2571a", "c3": "#2f6fb3"}


def draw(figures):
    """
    Draw the measurements.

    Parameters
    ----------
    figures : `dict`
        Data for figures, collected by the rows.

    Returns
    -------
    `list` of `tuple`
        Title, description, and the picture (PNG).
    """
    found = []
    for name, (title, text, function) in FIGURES.items():
        data = {key: figures[key] for key in NEEDED[name] if key in figures}
        if data:
            found.append((title, text, _picture(function, data)))
    return found


def _picture(function, data):
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    function(figure, data)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.5)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS)
    return buffer.getvalue()


def _in_rings(radius, values, width):
    """Middle, median and quartiles of values in rings."""
    edges = np.arange(radius.min(), radius.max() + width, width)
    label = np.digitize(radius, edges)
    rings = [ring for ring in range(1, len(edges)) if (label == ring).sum() > 4]
    middle = np.array([(edges[ring - 1] + edges[ring]) / 2 for ring in rings])
    return middle, np.array([np.percentile(values[label == ring], (25, 50, 75)) for ring in rings]).T


def _closure(figure, data):
    axes = figure.subplots()
    for name, (radius, error) in data.items():
        camera = name[:2]
        middle, (low, median, high) = _in_rings(radius, 1e6 * error, 20.0)
        axes.plot(middle, median, color=COLOURS[camera], label=camera.upper())
        axes.fill_between(middle, low, high, color=COLOURS[camera], alpha=0.2, linewidth=0)
    axes.set_xlabel("distance from the Sun / pixel")
    axes.set_ylabel("level 1 / sky - 1, 1e-6")
    axes.legend(frameon=False)


def _places(figure, data):
    axes = figure.subplots()
    for name, stars in data.items():
        camera = name[:2]
        axes.plot(stars["radius"], stars["outward"], ".", color=COLOURS[camera], markersize=3, alpha=0.5)
        if len(stars["radius"]) > 100:
            middle, (_, median, _) = _in_rings(stars["radius"], stars["outward"], 50.0)
            axes.plot(middle, median, color=COLOURS[camera], label=f"{camera.upper()}, median")
    axes.axhspan(-0.05, 0.05, color="0.5", alpha=0.2, linewidth=0)
    axes.set_ylim(-0.8, 0.8)
    axes.set_xlabel("distance from the Sun / pixel")
    axes.set_ylabel("outward from its place / pixel")
    axes.legend(frameon=False)


def _zero(figure, data):
    axes = figure.subplots()
    for name, found in data.items():
        camera, frames = name[:2], found.frames
        axes.errorbar(
            frames["time"],
            frames["zero"],
            frames["sigma"],
            fmt="o",
            markersize=4,
            color=COLOURS[camera],
            label=camera.upper(),
        )
        if np.isfinite(found.trend):
            years = np.array([frames["time"].min(), frames["time"].max()])
            weight = 1 / np.asarray(frames["sigma"]) ** 2
            middle = np.average(frames["time"], weights=weight)
            level = np.average(frames["zero"], weights=weight)
            axes.plot(years, level + found.trend * (years - middle), color=COLOURS[camera], linewidth=1)
    axes.axhline(0, color="0.5", linewidth=1)
    axes.set_xlabel("year")
    axes.set_ylabel("ln (light of stars / expected)")
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.legend(frameon=False)


def _overlap(figure, data):
    axes = figure.subplots()
    edges, ratio, (low, high) = data["overlap"]
    middle = (edges[:-1] + edges[1:]) / 2
    axes.plot(middle, ratio, "o-", color=COLOURS["c2"])
    axes.fill_between(middle, low, high, color=COLOURS["c2"], alpha=0.2, linewidth=0)
    axes.axhspan(0.97, 1.03, color="0.5", alpha=0.2, linewidth=0)
    axes.set_xlabel("distance from the Sun / solar radii")
    axes.set_ylabel("C2 / C3, official factors")


def _official(figure, data):
    axes = figure.subplots()
    for name, radius, ratio in data["official"]:
        axes.plot(radius, ratio, "o-", markersize=3, label=name)
    axes.axhspan(0.98, 1.02, color="0.5", alpha=0.2, linewidth=0)
    axes.set_xlabel("distance from the Sun / pixel")
    axes.set_ylabel("ours / official level 1")
    axes.legend(frameon=False)


#: Figures in order: title, description, and the function that draws it.
FIGURES = {
    "closure": ("Closure on the simulator", "Median and quartiles of the error of level 1 in rings.", _closure),
    "places": (
        "Places of stars",
        "How far outward stars lie from where they should be, of all real frames; the band is 0.05 pixel.",
        _places,
    ),
    "zero": (
        "Light of stars",
        "Zero points of real frames by the official calibration factor, with the line of their trend.",
        _zero,
    ),
    "overlap": (
        "Where both cameras see the corona",
        "Median and quartiles over position angle; the band is the aim.",
        _overlap,
    ),
    "official": ("Official level 1", "Ratio in rings; the band is 2 %.", _official),
}
#: What each of them is drawn of.
NEEDED = {
    "closure": ("c2.closure", "c3.closure"),
    "places": ("c2.stars", "c3.stars"),
    "zero": ("c2.zero", "c3.zero"),
    "overlap": ("overlap",),
    "official": ("official",),
}
