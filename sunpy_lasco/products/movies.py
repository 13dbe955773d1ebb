"""
Movies with one scale, true times, and visible gaps.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.time import Time

import sunpy.map

from sunpy_lasco.errors import OptionError
from sunpy_lasco.files import atomic_path, write_whole
from sunpy_lasco.products.composites import Composite
from sunpy_lasco.products.pictures import LOST, SIZE, Look, blank, show, stamp, tell
from sunpy_lasco.products.sequence import Sequence

if TYPE_CHECKING:
    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.products.sequence import SequenceLike

__all__ = ["movie"]

SECONDS_PER_DAY = 86400.0
#: A movie frame shows an image whose time differs by at most this fraction of the step.
NEAR = 0.75
#: Longest time for which a gap is held, in steps.
LONGEST_HOLD = 20
#: Pixels on a side of a GIF, whose files are large.
GIF_SIZE = 512
#: Quality of H.264; lower is better, 18 is visually lossless.
QUALITY = "18"


@dataclass(frozen=True)
class _Moment:
    """Content of a movie frame: the number of an image, and a mark if it is held."""

    number: int
    mark: str = ""


def movie(
    images: SequenceLike,
    path: PathLike,
    *,
    look: Look | None = None,
    label: str | None = None,
    fps: float = 10,
    step: u.Quantity | str | None = "auto",
    size: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """
    Write a movie.

    Parameters
    ----------
    images : `Sequence`, `list` of maps, files or `Composite`, or `~sunpy.map.MapSequence`
        Level 1, or products such as running differences, in any order.
    path : path-like
        The extension selects the format: .mp4 for H.264, .gif for a GIF. Without an extension, a folder of
        PNG pictures is written, with movie.json, which describes them.
    look : `Look`, optional
        The scale of all frames; by default determined from some of them.
    label : `str`, optional
        Text after camera and time in the stamps; by default the PRLABEL of products.
    fps : `float`
        Frames per second.
    step : `~astropy.units.Quantity`, `str` or None
        Time between the frames of the movie, so that it advances evenly. During a gap, the last frame is held
        and marked. ``"auto"`` is the median cadence. None shows the images one after the other.
    size : `int`, optional
        Pixels on a side, even; by default 1024, or 512 for a GIF.
    overwrite : `bool`
        Replace existing files.
    progress : `bool`
        Show a progress bar.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    sunpy_lasco.errors.OptionError
        If there are no images, or an option is invalid.

    Notes
    -----
    imageio-ffmpeg, which contains the encoder, is part of the extra ``products``.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".mp4", ".gif", ""):
        msg = f"{path.name} must end in .mp4 or .gif, or be the name of a folder without an extension."
        raise OptionError(msg)
    if ending == ".mp4" and importlib.util.find_spec("imageio_ffmpeg") is None:
        msg = f"{path.name} requires the package imageio-ffmpeg (extra products); a name that ends in .gif does not."
        raise OptionError(msg)
    pixels = int(size) if size is not None else GIF_SIZE if ending == ".gif" else SIZE
    if not (fps > 0 and pixels >= 64 and pixels % 2 == 0):
        msg = f"fps={fps} and size={size} must be positive, and size even and at least 64."
        raise OptionError(msg)
    shown = _Shown(images, look, label)
    moments = _moments(shown.times, step, shown.cadence)
    from tqdm.auto import tqdm

    bar = tqdm(moments, desc="Movie", unit="frame", disable=not progress)
    frames = _rendered(shown, bar, pixels)
    with contextlib.closing(frames):
        if ending == ".mp4":
            _write_mp4(frames, path, pixels, fps, overwrite)
        elif ending == ".gif":
            _write_gif(frames, path, fps, overwrite)
        else:
            _write_folder(frames, path, shown, moments, fps, overwrite)
    return path


class _Shown:
    """The images of a movie, and their look."""

    def __init__(self, images, look, label):
        if isinstance(images, str | Path | sunpy.map.GenericMap | Composite):
            images = [images]
        images = images.maps if hasattr(images, "maps") and not isinstance(images, Sequence) else images
        self.composites = not isinstance(images, Sequence) and any(isinstance(one, Composite) for one in images)
        if self.composites:
            if not all(isinstance(one, Composite) for one in images):
                msg = "A movie can contain composites or maps, but not both."
                raise OptionError(msg)
            self.images = sorted(images, key=lambda one: one.map.reference_date.mjd)
            self.times = Time([one.map.reference_date for one in self.images])
            self.look = self.images[len(self.images) // 2].look() if look is None else look
            every = self.times
        else:
            self.images = images if isinstance(images, Sequence) else Sequence._of_versions(images)[0]
            # Differences across gaps are empty, so the previous frame is held.
            there = [number for number, one in enumerate(self.images.headers) if not _is_gap(one)]
            self.numbers = there or list(range(len(self.images)))
            self.times = self.images.time[np.array(self.numbers)]
            self.look = Look.of(self.images) if look is None else look
            every = self.images.time
        self.label = label
        self.cadence = float(np.median(np.diff(every.mjd))) * SECONDS_PER_DAY if len(every) > 1 else 0.0

    def frame(self, number):
        """A map, its colours, and its stamp."""
        if self.composites:
            one = self.images[number]
            return one.map, one.colours(self.look), stamp(one.map, self.label)
        smap = self.images.frame(self.numbers[number])
        return smap, self.look.colours(smap), stamp(smap, self.label)


def _is_gap(header):
    return str(header.get("prlabel", "")).endswith("gap]")


def _moments(times, step, cadence):
    """The contents of all movie frames; the usual cadence is in seconds."""
    seconds = (times.mjd - times.mjd[0]) * SECONDS_PER_DAY
    if step is None or len(seconds) < 2:
        return [_Moment(number) for number in range(len(seconds))]
    if isinstance(step, str):
        if step != "auto":
            msg = f"step={step!r} is unknown: it is 'auto', None, or an interval such as 12 * u.min."
            raise OptionError(msg)
        wide = cadence
    else:
        try:
            wide = float(u.Quantity(step).to_value(u.s))
        except (TypeError, u.UnitConversionError) as error:
            msg = f"step={step!r} is not an interval of time, such as 12 * u.min."
            raise OptionError(msg) from error
    if not wide > 0:
        msg = f"step={step!r} is not positive."
        raise OptionError(msg)
    moments, last = [], 0
    for number, second in enumerate(seconds):
        # Number of movie frames since the previous image; each image is shown at least once.
        missed = int((second - seconds[last]) / wide + 1 - NEAR) - 1 if number else 0
        mark = f"no image until {times[number].strftime('%H:%M')}"
        moments += [_Moment(last, mark)] * min(max(missed, 0), LONGEST_HOLD)
        moments.append(_Moment(number))
        last = number
    return moments


def _rendered(shown, moments, pixels):
    """Iterate over the frames of the movie as RGB arrays."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure, axes = blank(pixels)
    canvas = FigureCanvasAgg(figure)
    drawn = said = key = None
    kept = None, None
    for moment in moments:
        if kept[0] != moment.number:
            kept = moment.number, shown.frame(moment.number)
        smap, colours, text = kept[1]
        if drawn is None or drawn.get_array().shape != colours.shape:
            axes.clear()
            drawn = show(axes, smap, colours)
            said, key = tell(axes, text)
        drawn.set_data(colours)
        said.set_text(f"{text}   {moment.mark}" if moment.mark else text)
        said.set_color("#ffb060" if moment.mark else "white")
        key.set_visible(bool((colours == np.array(LOST, np.uint8)).all(axis=-1).any()))
        canvas.draw()
        yield np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:pixels, :pixels, :3])


def _write_mp4(frames, path, pixels, fps, overwrite):
    import imageio_ffmpeg

    with atomic_path(path, overwrite=overwrite) as temporary:
        writer = imageio_ffmpeg.write_frames(
            str(temporary),
            (pixels, pixels),
            fps=fps,
            codec="libx264",
            pix_fmt_in="rgb24",
            pix_fmt_out="yuv420p",
            macro_block_size=2,
            quality=None,
            ffmpeg_log_level="error",
            output_params=["-f", "mp4", "-crf", QUALITY, "-movflags", "+faststart"],
        )
        with contextlib.closing(writer):
            writer.send(None)
            for frame in frames:
                writer.send(frame)


def _write_gif(frames, path, fps, overwrite):
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    # All frames share one palette; otherwise grey would flicker.
    some = pictures[:: max(1, len(pictures) // 4)][:4]
    sheet = Image.new("RGB", (some[0].width, some[0].height * len(some)))
    for number, one in enumerate(some):
        sheet.paste(one, (0, number * one.height))
    palette = sheet.quantize(256)
    reduced = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures]
    with atomic_path(path, overwrite=overwrite) as temporary:
        reduced[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=reduced[1:],
            duration=round(1000 / fps),
            loop=0,
            optimize=False,
        )


def _write_folder(frames, path, shown, moments, fps, overwrite):
    from PIL import Image

    told = []
    for number, (frame, moment) in enumerate(zip(frames, moments, strict=True)):
        name = f"{number:05d}.png"
        with atomic_path(path / name, overwrite=overwrite, durable=False) as temporary:
            Image.fromarray(frame).save(temporary, format="PNG")
        told.append({"file": name, "time": shown.times[moment.number].utc.isot, "held": bool(moment.mark)})
    content = json.dumps({"fps": fps, "frames": told}, indent=1) + "\n"
    write_whole(path / "movie.json", content.encode(), overwrite=overwrite)
