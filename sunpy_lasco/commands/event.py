"""``sunpy-lasco event``: complete analysis of a coronal mass ejection."""

from sunpy_lasco.commands.jmap import add_track_arguments, write_track
from sunpy_lasco.commands.mass import add_mass_arguments, write_masses
from sunpy_lasco.commands.product_files import add_product_arguments

__all__ = ["add_arguments"]

DESCRIPTION = """
Analyse a coronal mass ejection from the frames of an evening: movies of the images and of their running
differences, the direction in which the front is fastest, its J-map and speed, the mass of each frame with its
errors, and, for frames of both cameras, a composite. Level-0.5 frames are calibrated first; event.json
contains all results.
"""
#: The base of masses: number of frames, and hours, before the front appears.
BASE_FRAMES, BASE_HOURS = 8, 3.0


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument(
        "--position-angle", metavar="DEGREES", type=float, help="of the J-map (default: that of the fastest front)"
    )
    add_track_arguments(parser)
    parser.add_argument("--base", metavar="N", type=int, help="the first N frames are the base (default: automatic)")
    add_mass_arguments(parser)
    parser.add_argument("--no-movies", action="store_true", help="make no movies")
    parser.add_argument("--gif", action="store_true", help="write movies as GIF instead of MP4")
    add_product_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments):
    """
    Run the command.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `int`
        0, or 1 if there is no front, or there are fewer than two frames of the same kind.
    """
    import io
    import json
    import sys

    from sunpy_lasco import products
    from sunpy_lasco.commands.product_files import sequences_of
    from sunpy_lasco.errors import LascoError
    from sunpy_lasco.files import write_whole

    sequences = sequences_of(arguments)
    moving = {camera: frames for camera, frames in sequences.items() if len(frames) > 1}
    if not moving:
        print("sunpy-lasco event: there are fewer than two frames of the same kind.", file=sys.stderr)
        return 1
    told = {"frames": {camera: len(frames) for camera, frames in sequences.items()}}
    if not arguments.no_movies:
        told["movies"] = [name for frames in moving.values() for name in _write_movies(frames, arguments)]
    main = moving.get("C3") or moving["C2"]
    angle, first = arguments.position_angle, None
    if angle is None:
        try:
            front = products.front_around(main, threshold=arguments.threshold, progress=sys.stderr.isatty())
        except LascoError as error:
            print(f"sunpy-lasco event: {error}", file=sys.stderr)
            front = None
        if front is not None:
            angle, first = float(front.measurement_angle.value), front.first_point
            told["front"] = front.columns
            text = io.StringIO()
            front.table.write(text, format="ascii.csv")
            write_whole(arguments.out / "front.csv", text.getvalue().encode(), overwrite=arguments.overwrite)
            print(f"The front is fastest at position angle {angle:g}; {front.width.value:.0f} degrees wide")
    fit = None if angle is None else write_track(list(moving.values()), angle, arguments)
    if fit is not None:
        told["speed"] = _of_fit(fit, angle)
        first = first or fit.track["time"][0]
    told["masses"] = _masses(main, first, fit, arguments)
    told["composite"] = _composite(sequences, arguments)
    path = arguments.out / "event.json"
    write_whole(path, (json.dumps(told, indent=1) + "\n").encode(), overwrite=arguments.overwrite)
    print(path)
    return 0 if fit is not None else 1


def _write_movies(frames, arguments):
    """Movies of images and of running differences, without an encoder as GIF; their names."""
    import importlib.util
    import sys

    from sunpy_lasco import products

    ending = "gif" if arguments.gif or importlib.util.find_spec("imageio_ffmpeg") is None else "mp4"
    names = []
    for what, shown in (("images", frames), ("differences", products.running_difference(frames))):
        path = arguments.out / f"{frames.detector.lower()}_{what}.{ending}"
        products.movie(shown, path, overwrite=arguments.overwrite, progress=sys.stderr.isatty())
        print(path, flush=True)
        names.append(path.name)
    return names


def _of_fit(fit, angle):
    return {
        "position_angle_deg": angle,
        "speed_km_s": round(fit.speed.value, 2),
        "sigma_km_s": round(fit.speed_sigma.value, 2),
        "jackknife_km_s": round(fit.speed_jackknife.value, 2),
        "acceleration_m_s2": round(fit.acceleration.value, 2),
        "acceleration_sigma_m_s2": round(fit.acceleration_sigma.value, 2),
        "points": len(fit.track),
    }


def _masses(frames, first, fit, arguments):
    """Masses of the frames after the base, as a list for the summary."""
    import sys

    import numpy as np

    if arguments.base is not None:
        number = arguments.base
    elif first is None:
        number = 1
    else:
        # A difference shows the front at the later of two frames; the earlier may have it below the edge.
        number = int(np.searchsorted(frames.time.mjd, first.mjd - 1e-6)) - 1
    if not 1 <= number < len(frames):
        print("No masses: there is no frame before the front.", file=sys.stderr)
        return []
    oldest = frames.time[number - 1].mjd - BASE_HOURS / 24
    chosen = [one for one in range(number) if frames.time[one].mjd >= oldest][-BASE_FRAMES:]
    base = [frames.frame(one) for one in chosen]
    speed = None if fit is None else fit.speed.value
    masses = write_masses(frames, base, range(number, len(frames)), arguments, speed=speed)
    return [
        {
            "time": found.difference.meta["date-avg"],
            "mass_g": float(f"{found.mass.value:.4e}"),
            "sigma_g": float(f"{found.sigma.value:.2e}"),
            "systematic_g": float(f"{found.systematic.value:.2e}"),
            "parts_g": {name: float(f"{part.value:.2e}") for name, part in found.parts.items()},
        }
        for found in masses
    ]


def _composite(sequences, arguments):
    """The composite of the last frame of C3 and that of C2 next to it, its seam for the summary; None without."""
    import sys

    import numpy as np

    from sunpy_lasco import products
    from sunpy_lasco.errors import LascoError

    if len(sequences) < 2 or arguments.no_pictures:
        return None
    c2, c3 = sequences["C2"], sequences["C3"]
    later = len(c3) - 1
    near = int(np.argmin(np.abs(c2.time.mjd - c3.time[later].mjd)))
    try:
        found = products.composite(c2.frame(near), c3.frame(later))
    except LascoError as error:
        print(f"No composite: {error}", file=sys.stderr)
        return None
    print(found.picture(arguments.out / "composite.png", overwrite=arguments.overwrite))
    return {
        "factor": round(found.factor, 4),
        "seam_step": round(found.step, 4),
        "scatter": round(found.step_scatter, 4),
    }
