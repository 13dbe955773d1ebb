"""
The summary page of a run: images, table, statistics over time, failures.
"""

import base64
import io
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from sunpy_lasco.files import write_whole

__all__ = ["Sheet", "write_summary"]

#: Largest number of frames on the contact sheet, and of rows in the table, for the sake of browsers.
PICTURES, ROWS = 240, 4000
#: Frames that stand in the charts.
POINTS = 2000
#: Longest time between two frames whose difference is shown, hours.
LONGEST_DIFFERENCE = 2.5
#: Brightness relative to the mean at its height for black and white, and the same for differences.
RANGE, DIFFERENCE_RANGE = (0.4, 2.2), (-0.06, 0.06)
#: The charts: title, card, and whether the scale is logarithmic.
CHARTS = (
    ("Median brightness, MSB", "datap50", True),
    ("Lost blocks", "nmissing", False),
    ("Exposure factor", "expfac", False),
    ("Bias, DN", "biasval", False),
)
#: Size of a chart, in its own units.
WIDTH, HEIGHT = 460, 150


class Sheet:
    """
    Data for the page, collected frame by frame in bounded memory.

    Parameters
    ----------
    total : `int`
        Number of frames.
    """

    def __init__(self, total):
        self.total = total
        # Pairs of successive frames of a kind, for a difference.
        self.stride = max(1, -(-total // PICTURES))
        self.row_stride = max(1, -(-total // ROWS))
        self.point_stride = max(1, -(-total // POINTS))
        self.rows, self.failed, self.pictures, self.points = [], [], [], []

    def wants(self, number):
        """Whether the image of a frame is shown on the page."""
        return number % (2 * self.stride) < 2

    def add(self, outcome):
        """Add an outcome."""
        if outcome.status == "failed":
            if len(self.failed) < ROWS:
                self.failed.append(outcome)
        elif outcome.number % self.row_stride == 0:
            self.rows.append(outcome)
        if outcome.number % self.point_stride == 0 and outcome.time:
            self.points.append((outcome.time, outcome.statistics))
        if outcome.picture is not None:
            self.pictures.append((outcome.number, outcome.time or "", outcome, outcome.picture))
            outcome.picture = None


def write_summary(path, sheet, report, versions):
    """
    Write the page.

    Parameters
    ----------
    path : path-like
        A file with this name is replaced.
    sheet : `Sheet`
    report : `~sunpy_lasco.bulk.run.BulkReport`
    versions : `dict` of `str`

    Returns
    -------
    `pathlib.Path`
        It needs no other file and no network.
    """
    rows = sorted([*sheet.failed, *sheet.rows], key=lambda one: one.number)
    page = _template().render(
        report=report,
        rows=[_row(one) for one in rows],
        failed=[_row(one) for one in sorted(sheet.failed, key=lambda one: one.number)],
        pictures=list(_pictures(sheet)),
        charts=list(_charts(sheet.points)),
        versions=versions,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        rate=report.done / max(report.seconds, 1e-9),
        shown={"rows": len(rows), "pictures": len(sheet.pictures)},
    )
    return write_whole(path, page, durable=False)


@lru_cache(maxsize=1)
def _template():
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("summary.html.j2")


def _row(outcome):
    facts = outcome.statistics
    return {
        "id": f"frame{outcome.number}",
        "name": Path(outcome.input).name,
        "input": outcome.input,
        "output": outcome.output or "",
        "status": outcome.status,
        "reason": outcome.reason or "; ".join(text for _, text in outcome.warnings),
        "time": (outcome.time or "")[:19],
        "camera": facts.get("detector", ""),
        "filter": facts.get("filter", ""),
        "polar": facts.get("polar", ""),
        "exposure": _number(facts.get("exptime")),
        "median": _number(facts.get("datap50")),
        "missing": _number(facts.get("nmissing")),
        "filled": _number(facts.get("nfilled")),
        "seconds": f"{outcome.seconds:.2f}",
    }


def _number(value):
    return f"{value:.4g}" if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _pictures(sheet):
    """Images and differences, in order of time, each difference to the frame before of the same kind."""
    before = {}
    for _, when, outcome, image in sorted(sheet.pictures, key=lambda one: (one[1], one[0])):
        facts = outcome.statistics
        kind = (facts.get("detector"), facts.get("filter"), facts.get("polar"), image.shape)
        flat = _flattened(image)
        earlier = before.get(kind)
        near = earlier is not None and 0 < _hours(earlier[0], when) <= LONGEST_DIFFERENCE
        before[kind] = when, image
        yield {
            "id": f"frame{outcome.number}",
            "name": Path(outcome.input).name,
            "time": when[:19].replace("T", " "),
            "kind": " ".join(str(one) for one in kind[:3] if one and one != "Clear") or "Clear",
            "image": _data_uri(flat, *RANGE),
            "difference": _data_uri(_relative(image, earlier[1]), *DIFFERENCE_RANGE) if near else None,
        }


def _hours(first, second):
    try:
        return (np.datetime64(second) - np.datetime64(first)) / np.timedelta64(1, "h")
    except ValueError:
        return -1.0


def _height(image):
    """Number of the ring around the middle for each pixel."""
    ny, nx = image.shape
    y, x = np.mgrid[:ny, :nx]
    return np.hypot(y - (ny - 1) / 2, x - (nx - 1) / 2).astype(int)


def _flattened(image):
    """An image divided by the mean at each height, so that the whole corona is visible."""
    rings, known = _height(image), np.isfinite(image)
    number = np.bincount(rings.ravel(), known.ravel())
    total = np.bincount(rings.ravel(), np.where(known, image, 0).ravel())
    mean = total / np.maximum(number, 1)
    mean[mean <= 0] = np.nan
    return image / mean[rings]


def _relative(image, earlier):
    """The difference to an earlier image, over the mean at each height."""
    return _flattened(image) - _flattened(earlier)


def _data_uri(image, low, high):
    """An image as an encoded JPEG; unknown pixels are black."""
    from PIL import Image

    grey = np.nan_to_num((image[::-1] - low) / (high - low), nan=0.0).clip(0, 1)
    file = io.BytesIO()
    Image.fromarray((grey * 255).astype(np.uint8)).save(file, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def _charts(points):
    """Positions of the points of each chart, with the ends of its axes."""
    for title, card, logarithmic in CHARTS:
        found = [
            (np.datetime64(when).astype("datetime64[s]").astype(float), float(facts[card]), facts.get("detector", ""))
            for when, facts in points
            if isinstance(facts.get(card), int | float) and np.isfinite(facts[card])
            if facts[card] > 0 or not logarithmic
        ]
        times, values = (np.array([one[axis] for one in found]) for axis in (0, 1))
        # Constant values are not charted.
        if len(found) < 2 or values.min() == values.max():
            continue
        shown = np.log10(values) if logarithmic else values
        x, y = _scaled(times, WIDTH), HEIGHT - _scaled(shown, HEIGHT)
        yield {
            "title": title,
            "low": f"{values.min():.4g}",
            "high": f"{values.max():.4g}",
            "first": str(times.min().astype("datetime64[s]"))[:16].replace("T", " "),
            "last": str(times.max().astype("datetime64[s]"))[:16].replace("T", " "),
            "points": [(f"{a:.1f}", f"{b:.1f}", one[2]) for a, b, one in zip(x, y, found, strict=True)],
            "bars": _bars(shown),
        }


def _scaled(values, length):
    low, high = values.min(), values.max()
    return (values - low) / (high - low or 1.0) * (length - 8) + 4


def _bars(values):
    """A histogram beside the chart: position, width and length of each bar."""
    number, _ = np.histogram(values, bins=20)
    step = (HEIGHT - 8) / 20
    return [
        (f"{HEIGHT - 4 - (place + 1) * step:.1f}", f"{step - 1:.1f}", f"{count / number.max() * 60:.1f}", int(count))
        for place, count in enumerate(number)
    ]
