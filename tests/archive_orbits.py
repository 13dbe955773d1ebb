"""Orbit files in the formats of the SOHO archive, written from a model orbit."""

import numpy as np

import astropy.units as u
from astropy.coordinates import HeliocentricEclipticIAU76, get_body_barycentric
from astropy.time import Time

from sunpy_lasco.assets.orbits import packaged_orbit

#: Offset of the model files from the orbit of the package, km, which shows the source in use.
SHIFT = np.array([30_000.0, -20_000.0, 10_000.0])
OBLIQUITY = np.radians(84381.448 / 3600)
#: From the equator to the ecliptic of J2000.
TURN = np.array([[1, 0, 0], [0, np.cos(OBLIQUITY), np.sin(OBLIQUITY)], [0, -np.sin(OBLIQUITY), np.cos(OBLIQUITY)]])


def heliocentric(time, shift=SHIFT):
    """Model position, km, ecliptic of J2000, (3,)."""
    frame = HeliocentricEclipticIAU76(obstime=time)
    return packaged_orbit().position(time).transform_to(frame).cartesian.xyz.to_value(u.km) + shift


def rows_of(day):
    """144 rows of a day: year, day of year, milliseconds, GCI and its velocity, Sun in GCI, HEC and its velocity."""
    start = Time(day)
    number_of_day = int(start.yday.split(":")[1])
    table = []
    for number in range(144):
        time = start + number * 10 * u.min
        hec = heliocentric(time)
        pace = (heliocentric(time + 60 * u.s) - heliocentric(time - 60 * u.s)) / 120
        earth, sun = (get_body_barycentric(name, time).xyz.to_value(u.km) for name in ("earth", "sun"))
        gci = TURN.T @ hec + sun - earth
        table.append([start.datetime.year, number_of_day, number * 600_000, *gci, 0, 0, 0, *(sun - earth), *hec, *pace])
    return np.array(table)


def write_text(path, rows):
    """As in the archive: 38 columns without a header; the date in words is ignored."""
    lines = []
    for year, day, milliseconds, *numbers in rows:
        gci, sun, hec = numbers[:6], numbers[6:9], numbers[9:15]
        clock = f"{int(milliseconds) // 3_600_000:02d}:{int(milliseconds) // 60_000 % 60:02d}:00.000"
        columns = [*gci, *[0.0] * 12, *sun, *hec]
        text = " ".join(f"{value:.6f}" for value in columns)
        lines.append(
            f"06-MAY-2004 {clock} {int(year)} {int(day)} {int(milliseconds)} {text} 2016 1.5 -0.06 2016 1.5 -0.06"
        )
        assert len(lines[-1].split()) == 38
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path
