"""``sunpy-lasco polarize``: total and polarised brightness of triplets."""

from sunpy_lasco.commands.product_files import add_product_arguments

__all__ = ["add_arguments"]

DESCRIPTION = """
Find the triplets among the files (polarisers at -60, 0 and +60 degrees, and the clear position), and write for each the
total brightness, the polarised brightness, its residual, the angle and the degree, and a picture of the polarised
brightness.  Level-0.5 frames are calibrated first.
"""
NAMES = {"-60deg": "minus60", "0deg": "zero", "+60deg": "plus60", "clear": "clear"}
PRODUCTS = ("total", "polarized", "residual", "angle", "degree")


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument("--max-span", metavar="MINUTES", type=float, default=15.0, help="of a triplet (default: 15)")
    parser.add_argument(
        "--scale", choices=("auto", "yes", "no"), default="auto", help="scale triplets to the clear frame"
    )
    parser.add_argument("--tangency", choices=("auto", "yes", "no"), default="auto", help="fit the transmissions")
    add_product_arguments(parser, normalise=False)
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
        0, or 1 if there is no triplet.
    """
    import sys

    import astropy.units as u

    from sunpy_lasco import products
    from sunpy_lasco.commands.product_files import products_options, save
    from sunpy_lasco.products.sequence import read_frame

    frames = {}
    for file in arguments.files:
        smap = read_frame(file, products_options(arguments))
        polar = "".join(str(smap.meta.get("polar", "")).split()).lower()
        if polar not in NAMES:
            print(f"{file}: POLAR is {smap.meta.get('polar')!r}, which is not part of a triplet", file=sys.stderr)
            continue
        kind = smap.detector, str(smap.meta.get("filter", "")).strip().lower(), smap.data.shape
        frames.setdefault(kind, {}).setdefault(NAMES[polar], []).append(smap)
    choice = {"auto": "auto", "yes": True, "no": False}
    number = 0
    for found in frames.values():
        for triplet in _triplets(found, arguments.max_span):
            products_of = products.polarize(
                **triplet,
                scale=choice[arguments.scale],
                tangency=choice[arguments.tangency],
                max_span=arguments.max_span * u.min,
            )
            number += 1
            for name in PRODUCTS:
                save(getattr(products_of, name), arguments, label="pB", picture=name == "polarized")
            told = ", ".join(f"{one:.3f}" for one in products_of.transmissions)
            print(f"ratio to clear {products_of.ratio:.3f}, relative transmissions {told}")
    if not number:
        print("sunpy-lasco polarize: there is no triplet among the files.", file=sys.stderr)
    return 0 if number else 1


def _triplets(found, span):
    """Group frames of one kind into triplets: each frame at -60 degrees with the nearest others in time."""
    for first in sorted(found.get("minus60", []), key=lambda smap: smap.reference_date.mjd):
        triplet = {"minus60": first}
        for name in ("zero", "plus60", "clear"):
            near = [
                smap
                for smap in found.get(name, [])
                if abs((smap.reference_date - first.reference_date).to_value("min")) <= span
            ]
            when = first.reference_date.mjd
            triplet[name] = min(near, key=lambda smap: abs(smap.reference_date.mjd - when), default=None)
        if triplet["plus60"] is not None and (triplet["zero"] is not None or triplet["clear"] is not None):
            yield triplet
