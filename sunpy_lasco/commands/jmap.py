"""``sunpy-lasco jmap``: J-maps, the front in them, and its speed."""

from sunpy_lasco.commands.product_files import add_product_arguments

__all__ = ["add_arguments", "add_track_arguments", "write_track"]

DESCRIPTION = """
Stack a strip along one position angle against time, follow the leading edge of the front in it, and fit its
speed.  Writes the J-map of each camera as FITS, jmap.png with the points and the line, points.csv, and speed.csv with
the columns of the CDAW catalogue.  Level-0.5 frames are calibrated first; those of C2 and C3 can be
given together.
"""


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument(
        "--position-angle", metavar="DEGREES", type=float, required=True, help="from solar north counter-clockwise"
    )
    add_track_arguments(parser)
    add_product_arguments(parser)
    parser.set_defaults(run=run)


def add_track_arguments(parser):
    """
    Add what says how a front is followed.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument("--width", metavar="DEGREES", type=float, default=6.0, help="of the strip (default: 6)")
    parser.add_argument(
        "--interval", metavar="MINUTES", type=float, help="least time between the frames of a difference"
    )
    parser.add_argument("--threshold", metavar="SIGMA", type=float, default=5.0, help="of the edge (default: 5)")
    parser.add_argument(
        "--edge", choices=("outer", "half", "peak"), default="outer", help="what is followed (default: outer)"
    )
    parser.add_argument("--between", metavar=("FROM", "TO"), nargs=2, help="look for the front between these times")


def run(arguments):
    """
    Make the J-maps that the command line asks for.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `int`
        0, or 1 if there is no front.
    """
    import sys

    from sunpy_lasco.commands.product_files import sequences_of

    sequences = [frames for frames in sequences_of(arguments).values() if len(frames) > 1]
    if not sequences:
        print("sunpy-lasco jmap: there are fewer than two frames of the same kind.", file=sys.stderr)
        return 1
    return 0 if write_track(sequences, arguments.position_angle, arguments) is not None else 1


def write_track(sequences, position_angle, arguments):
    """
    Write J-maps, points and speed of a direction.

    Parameters
    ----------
    sequences : sequence of `~sunpy_lasco.products.Sequence`
        Of C2, of C3, or of both.
    position_angle : `float`
        Degree.
    arguments : `argparse.Namespace`
        With what `add_track_arguments` adds.

    Returns
    -------
    `~sunpy_lasco.products.HeightTime` or None
        None if there are fewer than three points.
    """
    import sys

    import astropy.units as u
    from astropy.time import Time

    from sunpy_lasco import products

    interval = None if arguments.interval is None else arguments.interval * u.min
    after, before = (None, None) if arguments.between is None else (Time(one) for one in arguments.between)
    strips, tracks = [], []
    for frames in sequences:
        strip = products.jmap(
            frames, position_angle=position_angle * u.deg, width=arguments.width * u.deg, interval=interval
        )
        path = arguments.out / f"jmap_{strip.detector.lower()}.fits"
        print(strip.write(path, overwrite=arguments.overwrite), flush=True)
        points = products.track(strip, threshold=arguments.threshold, edge=arguments.edge, after=after, before=before)
        strips.append(strip)
        tracks.append(points)
    points = [one for one in tracks if len(one)]
    fit = products.fit_height_time(points) if sum(len(one) for one in points) >= 3 else None
    if not arguments.no_pictures:
        path = arguments.out / "jmap.png"
        _draw(strips, points, fit, path, arguments.overwrite)
        print(path)
    if fit is None:
        number = sum(len(one) for one in points)
        print(
            f"No front: {number} points rise at position angle {position_angle:g}, and a speed needs three.",
            file=sys.stderr,
        )
        return None
    for name, of_points in (("points.csv", True), ("speed.csv", False)):
        fit.write_csv(arguments.out / name, points=of_points, overwrite=arguments.overwrite)
        print(arguments.out / name)
    print(
        f"{fit.speed.value:.0f} +- {fit.speed_sigma.value:.0f} km/s at position angle {position_angle:g}, "
        f"{len(fit.track)} points; acceleration {fit.acceleration.value:.0f} +- {fit.acceleration_sigma.value:.0f} m/s2"
    )
    return fit


def _draw(strips, tracks, fit, path, overwrite):
    """The J-maps with the points and the line."""
    from matplotlib.dates import date2num
    from matplotlib.figure import Figure

    import astropy.units as u

    from sunpy_lasco import products
    from sunpy_lasco.files import atomic_path

    figure = Figure(figsize=(9, 5.5), dpi=110, layout="constrained")
    axes = products.draw_jmaps(strips, figure.add_subplot())
    for points in tracks:
        axes.errorbar(
            date2num(points["time"].datetime),
            points["height"].to_value(u.R_sun),
            points["sigma"].to_value(u.R_sun),
            fmt="o",
            color="tab:orange",
            markersize=4,
        )
    if fit is not None:
        times = fit.track["time"]
        line = (fit.track["height"] - fit.residuals).to_value(u.R_sun)
        text = f"{fit.speed.value:.0f} ± {fit.speed_sigma.value:.0f} km/s"
        axes.plot(date2num(times.datetime), line, color="tab:orange", linewidth=1, label=text)
        axes.legend(loc="upper left")
    with atomic_path(path, overwrite=overwrite) as temporary:
        figure.savefig(temporary, format="png")
