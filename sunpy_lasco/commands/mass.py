"""``sunpy-lasco mass``: table of excess masses."""

from sunpy_lasco.commands.product_files import add_product_arguments, pair

__all__ = ["add_arguments", "add_mass_arguments", "write_masses"]

DESCRIPTION = """
Measure the excess mass of each frame relative to a base, the median of the first frames.
Level-0.5 frames are calibrated first.  Writes mass.csv, and a FITS file and a picture of
each base difference.
"""
COLUMNS = ("time", "mass_g", "sigma_g", "systematic_g", "noise_g", "base_g", "normalisation_g", "angle_30deg_g")
COLUMNS += ("depth_g", "area_cm2", "missing", "negative", "file")


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument("--base", metavar="N", type=int, default=3, help="the first N frames are the base (default: 3)")
    add_mass_arguments(parser)
    parser.add_argument("--speed", metavar="KM/S", type=float, help="for the kinetic energy")
    add_product_arguments(parser)
    parser.set_defaults(run=run)


def add_mass_arguments(parser):
    """
    Add the options for masses.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument(
        "--heights", metavar="FROM:TO", type=pair, default=(4.5, 25.0), help="in solar radii (default: 4.5:25)"
    )
    parser.add_argument("--sector", metavar="FROM:TO", type=pair, help="position angles in degree (default: all)")
    parser.add_argument(
        "--angle", metavar="DEGREES", type=float, default=0.0, help="angle from the plane of the sky (default: 0)"
    )


def run(arguments):
    """
    Run the command.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `int`
        0, or 2 if there are only base frames.
    """
    import sys

    from sunpy_lasco.commands.product_files import frames_of

    frames = frames_of(arguments, normalise=False)
    if not 1 <= arguments.base < len(frames):
        print(f"sunpy-lasco mass: --base {arguments.base} of {len(frames)} frames leaves nothing.", file=sys.stderr)
        return 2
    base = [frames.frame(number) for number in range(arguments.base)]
    later = range(arguments.base, len(frames))
    write_masses(frames, base, later, arguments, speed=arguments.speed)
    return 0


def write_masses(frames, base, later, arguments, *, speed=None):
    """
    Measure masses, and write mass.csv, and the FITS file and the picture of each base difference.

    Parameters
    ----------
    frames : `~sunpy_lasco.products.Sequence`
        Not normalised.
    base : sequence of maps
        From before.
    later : sequence of `int`
        Numbers of the frames to measure.
    arguments : `argparse.Namespace`
        Parsed arguments of `add_mass_arguments`.
    speed : `float`, optional
        For the kinetic energy, km / s.

    Returns
    -------
    `list` of `~sunpy_lasco.products.ExcessMass`
    """
    import astropy.units as u

    from sunpy_lasco import products
    from sunpy_lasco.commands.product_files import save
    from sunpy_lasco.files import write_whole

    sector = None if arguments.sector is None else arguments.sector * u.deg
    columns = COLUMNS if speed is None else (*COLUMNS, "kinetic_energy_erg")
    rows, masses = [",".join(columns)], []
    for number in later:
        found = products.excess_mass(
            frames.frame(number),
            base,
            heights=arguments.heights * u.R_sun,
            sector=sector,
            angle=arguments.angle * u.deg,
            normalise=False if arguments.as_they_are else "auto",
        )
        masses.append(found)
        smap = found.difference
        parts = [found.parts[name] for name in ("noise", "base", "normalisation", "angle", "depth")]
        values = [found.mass, found.sigma, found.systematic, *parts, found.area]
        row = [smap.meta["date-avg"], *(f"{one.value:.4e}" for one in values), f"{found.missing:.4f}"]
        row += [f"{found.negative:.4f}", str(smap.meta["filename"])]
        if speed is not None:
            row.append(f"{products.kinetic_energy(found.mass, speed * u.km / u.s).value:.4e}")
        rows.append(",".join(row))
        print(f"{row[0]}  {found.mass.value:.3e} +- {found.sigma.value:.1e} g", flush=True)
        save(smap, arguments)
    table = arguments.out / "mass.csv"
    write_whole(table, ("\n".join(rows) + "\n").encode(), overwrite=arguments.overwrite)
    print(table)
    return masses
