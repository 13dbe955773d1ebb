"""SOHO's position: the order of the sources, files of the SOHO archive, and SPICE kernels."""

import os
import shutil
import sys

import numpy as np
import pytest
from archive_orbits import SHIFT, TURN, heliocentric, rows_of, write_text

import astropy.units as u
from astropy.coordinates import HeliocentricEclipticIAU76, SkyCoord, get_body_barycentric
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from sunpy_lasco.assets import resolve
from sunpy_lasco.assets.names import SOHO_ORBITS
from sunpy_lasco.assets.observers import find_observer, known_observers, packaged_observer
from sunpy_lasco.assets.orbits import PACKAGED, packaged_orbit, write_orbit
from sunpy_lasco.errors import AssetError
from sunpy_lasco.geometry.orbit import Orbit

DAY = "20040506"
TIME = Time("2004-05-06T11:22:33")


@pytest.fixture(autouse=True)
def nothing_is_named(monkeypatch, tmp_path):
    for name in ("LASCO_DATA", "SSW", "SUNPY_LASCO_ASSETS", "SUNPY_LASCO_ORBIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "1")
    monkeypatch.setenv("SUNPY_LASCO_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def rows():
    return rows_of("2004-05-06")


def distance(observer, time=TIME, shift=SHIFT):
    """Distance of a coordinate from the model, km."""
    found = observer.coordinate.transform_to(HeliocentricEclipticIAU76(obstime=time)).cartesian.xyz.to_value(u.km)
    return np.linalg.norm(found - heliocentric(time, shift))


def write_fits(path, rows):
    """As in the archive: columns with names in the first extension; unused rows have no year."""
    filler = np.zeros((3, rows.shape[1]))
    data = np.concatenate([rows, filler])
    table = Table()
    table["YEAR"], table["DAY OF YEAR"] = data[:, 0].astype("i2"), data[:, 1].astype("i2")
    table["ELLAPSED MILLISECONDS OF DAY"] = data[:, 2].astype("i4")
    names = [f"{frame} {kind}{axis} ({unit})" for frame, kind, unit, _ in VECTORS for axis in "XYZ"]
    for name, column in zip(names, data[:, 3:].T, strict=True):
        table[name.replace("  ", " ")] = column
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(table)]).writeto(path)
    return path


VECTORS = (
    ("GCI", "", "KM", 0),
    ("GCI", "V", "KM/S", 3),
    ("SUN VECTOR", "", "KM", 6),
    ("HEC", "", "KM", 9),
    ("HEC", "V", "KM/S", 12),
)


def test_the_table_of_the_package():
    assert PACKAGED.stat().st_size < 250_000
    orbit = packaged_orbit()
    assert Time(orbit.days[[0, -1]], format="jd", scale="tdb").isot.tolist() == [
        "1996-01-01T00:00:00.000",
        "2026-10-01T00:00:00.000",
    ]
    # Fit to Horizons, burns until April 1996, the loss of SOHO and what followed.
    for day, error in (("2010-01-05", 2200), ("1997-05-05", 4200), ("1996-02-01", 52_000), ("1998-08-30", 11_500)):
        assert orbit.error(Time(day)) == error
    # Of two arcs that do not join.
    assert orbit.covers(Time("1999-02-08T11:00", scale="tdb"))
    assert not orbit.covers(Time("1999-02-08T13:00", scale="tdb"))
    assert orbit.covers(Time("1999-02-09T00:00", scale="tdb"))


@pytest.mark.parametrize(
    ("day", "source", "error"),
    [
        ("1995-12-30", "L1 approximation", "SOHO was on its way to L1: up to 0.3 deg, 1 % in distance"),
        ("1996-02-01", "orbit of the package", "at most 52000 km along each axis (0.02 deg)"),
        ("1998-08-30", "orbit of the package", "at most 11500 km along each axis (0.004 deg)"),
        ("1999-02-08T18:00", "closed form of the orbit", "at most 12000 km along each axis (0.005 deg)"),
        ("2010-01-05", "orbit of the package", "at most 2200 km along each axis (0.0009 deg)"),
        ("2027-10-05", "closed form of the orbit", "at most 12000 km along each axis (0.005 deg)"),
    ],
)
def test_what_is_said_without_any_file(day, source, error):
    observer = packaged_observer(Time(day))
    assert (observer.source, observer.error) == (source, error)
    assert observer.coordinate.obstime == Time(day)
    found = find_observer(Time(day), resolve("estimate"))
    assert (found.source, found.error) == (source, error)
    assert found.coordinate.separation_3d(observer.coordinate) < 1 * u.m


def test_the_closed_form_continues_the_table():
    """Between the arcs and after the last row the closed form agrees with the ends of the table, within its error."""
    for last in ("1999-02-08T11:59", "2026-09-30T23:59"):
        before = packaged_observer(Time(last)).coordinate
        after = packaged_observer(Time(last) + 2 * u.min).coordinate
        assert after.separation_3d(SkyCoord(before.data, frame=after.frame)) < 21_000 * u.km


@pytest.mark.parametrize("write", [write_text, write_fits])
def test_files_of_the_archive(tmp_path, rows, write):
    suffix = "DAT" if write is write_text else "FITS"
    path = write(tmp_path / f"SO_OR_PRE_{DAY}_V01.{suffix}", rows)
    observer = find_observer(TIME, resolve(tmp_path))
    assert observer.source == path.name
    assert observer.error == "at most 500 km along each axis (0.0002 deg)"
    # The nearest row is 4,500 km away.
    assert distance(observer) < 1
    # After the last row of the day, which is that of 23:50.
    late = Time("2004-05-06T23:57:00")
    assert distance(find_observer(late, resolve(tmp_path)), late) < 1
    tomorrow = find_observer(Time("2004-05-07T00:30:00"), resolve(tmp_path))
    assert tomorrow.source == "orbit of the package"


def test_the_highest_version_counts(tmp_path, rows):
    moved = rows.copy()
    for version, suffix, step in (("01", "DAT", 50), ("02", "FITS", 0), ("10", "DAT", 100)):
        moved[:, 12] = rows[:, 12] + step
        moved[:, 3] = rows[:, 3] + step
        (write_text if suffix == "DAT" else write_fits)(tmp_path / f"SO_OR_PRE_{DAY}_V{version}.{suffix}", moved)
    observer = find_observer(TIME, resolve(tmp_path))
    assert observer.source == f"SO_OR_PRE_{DAY}_V10.DAT"
    assert distance(observer) == pytest.approx(100, abs=1)
    # FITS precedes text of the same version, and definitive files precede all others.
    write_fits(tmp_path / f"SO_OR_PRE_{DAY}_V10.FITS", rows)
    assert find_observer(TIME, resolve(tmp_path)).source == f"SO_OR_PRE_{DAY}_V10.FITS"
    write_text(tmp_path / f"SO_OR_DEF_{DAY}_V01.DAT", rows)
    write_text(tmp_path / f"SO_OR_DEF_{DAY}_V01.DAT.part", rows[:3])
    assert find_observer(TIME, resolve(tmp_path)).source == f"SO_OR_DEF_{DAY}_V01.DAT"


@pytest.mark.parametrize(
    "folder", ["", "2004", "predictive", "orbit/predictive/2004", "data/ancillary/orbit/predictive/2004", "definitive"]
)
@pytest.mark.parametrize("how", ["argument", "assets", "orbit"])
def test_where_files_may_lie(tmp_path, rows, folder, how, monkeypatch):
    write_text(tmp_path / "mine" / folder / f"SO_OR_PRE_{DAY}_V01.DAT", rows[:80])
    if how == "argument":
        assets = resolve([tmp_path / "mine", "estimate"])
    else:
        monkeypatch.setenv(f"SUNPY_LASCO_{how.upper()}", f"{tmp_path}{os.pathsep}{tmp_path / 'mine'}")
        assets = resolve(None if how == "assets" else "estimate")
    assert find_observer(TIME, assets).source == f"SO_OR_PRE_{DAY}_V01.DAT"


def test_files_are_named_by_the_setting(tmp_path, rows, monkeypatch):
    path = write_text(tmp_path / f"SO_OR_PRE_{DAY}_V01.DAT", rows)
    monkeypatch.setenv("SUNPY_LASCO_ORBIT", str(path))
    assert find_observer(TIME, resolve("estimate")).source == path.name
    assert find_observer(Time("2010-01-05"), resolve("estimate")).source == "orbit of the package"
    for name in (tmp_path / "absent.DAT", shutil.copy(path, tmp_path / "orbit.dat")):
        monkeypatch.setenv("SUNPY_LASCO_ORBIT", str(name))
        with pytest.raises(
            AssetError, match=r"(absent.DAT|orbit.dat) is not an orbit file of SOHO: they are named like"
        ):
            find_observer(TIME, resolve("estimate"))
    monkeypatch.setenv("SUNPY_LASCO_ORBIT", str(tmp_path / f"SO_OR_PRE_{DAY}_V09.DAT"))
    with pytest.raises(AssetError, match=r"V09.DAT cannot be read"):
        find_observer(TIME, resolve("estimate"))


def test_order_of_all_sources(tmp_path, rows):
    """
    Order: a table made from Horizons, files of the archive, the package, the closed form, L1; MDI's longitude is not
    used.
    """
    days = TIME.tdb.jd + np.arange(-4, 5)
    times = Time(days, format="jd", scale="tdb")
    positions = np.array([heliocentric(time, 2 * SHIFT) for time in times]) / u.au.to(u.km)
    for origin in SOHO_ORBITS:
        write_orbit(tmp_path / SOHO_ORBITS[origin], Orbit(days, positions, None, origin, 300.0))
    write_text(tmp_path / f"SO_OR_PRE_{DAY}_V01.DAT", rows)
    found = list(known_observers(TIME, resolve(tmp_path)))
    assert [observer.source for observer in found] == [
        "horizons",
        f"SO_OR_PRE_{DAY}_V01.DAT",
        "orbit of the package",
        "closed form of the orbit",
        "L1 approximation",
    ]
    assert distance(found[0], shift=2 * SHIFT) < 5
    assert found[0].error.startswith("at most 300 km")
    (tmp_path / SOHO_ORBITS["horizons"]).unlink()
    assert find_observer(TIME, resolve(tmp_path)).source == f"SO_OR_PRE_{DAY}_V01.DAT"


def spoilt(text, rows):
    """An inconsistent text file, and the expected error message."""
    lines = text.splitlines()
    ecliptic_of_date = rows.copy()
    angle = np.radians(50.29 / 3600 * 4.35)
    x, y = rows[:, 12], rows[:, 13]
    ecliptic_of_date[:, 12], ecliptic_of_date[:, 13] = (
        x * np.cos(angle) - y * np.sin(angle),
        x * np.sin(angle) + y * np.cos(angle),
    )
    return {
        "cut": (text[: len(text) // 2 - 200], r"line \d+ has \d+ columns instead of 32"),
        "empty": ("", "is empty"),
        "page": ("<!DOCTYPE html><html></html>", "is a web page"),
        "letters": (text.replace(lines[7].split()[27], "******"), "could not convert"),
        "one": (lines[0] + "\n", "fewer than two"),
        "order": ("\n".join([*lines[5:], *lines[:5]]), "not in order"),
        "stale": (None, r"row \d+: HEC differs by 1[78]\d{5} km from GCI minus the Sun"),
        "of_date": (ecliptic_of_date, r"HEC differs by 1\d{5} km"),
        "units": (rows * np.where(np.arange(rows.shape[1]) < 3, 1, 1e3), "au from the Sun"),
    }


@pytest.mark.parametrize("fault", ["cut", "empty", "page", "letters", "one", "order", "stale", "of_date", "units"])
def test_damage_is_named(tmp_path, rows, fault):
    path = tmp_path / f"SO_OR_PRE_{DAY}_V01.DAT"
    content, message = spoilt(write_text(path, rows).read_text(), rows)[fault]
    if fault == "stale":
        content = rows.copy()
        content[:, 12:15] = rows[:, 12:15] - 86400 * rows[:, 15:18]
    if isinstance(content, np.ndarray):
        write_text(path, content)
    else:
        path.write_text(content)
    with pytest.raises(AssetError, match=message) as caught:
        find_observer(TIME, resolve(tmp_path))
    assert path.name in str(caught.value)


def test_damaged_fits(tmp_path, rows):
    path = write_fits(tmp_path / f"SO_OR_PRE_{DAY}_V01.FITS", rows)
    whole = path.read_bytes()
    for content, message in (
        (whole[:9000], "not a valid orbit file"),
        (b"", "not a valid orbit file"),
        (whole[:2880], "not a valid"),
    ):
        path.write_bytes(content)
        with pytest.raises(AssetError, match=message):
            find_observer(TIME, resolve(tmp_path))
    table = Table(rows[:, :3], names=["YEAR", "DAY OF YEAR", "ELLAPSED MILLISECONDS OF DAY"])
    table.write(path, format="fits", overwrite=True)
    with pytest.raises(AssetError, match=r"it has no column HEC X \(KM\)"):
        find_observer(TIME, resolve(tmp_path))


def write_kernel(path, centre, frame="J2000"):
    """States every hour over two days, relative to a body."""
    spiceypy = pytest.importorskip("spiceypy", reason="spiceypy is not installed")
    times = Time("2004-05-05T12:00") + np.arange(49) * u.hour
    seconds = (times.tdb.jd1 - 2451545.0 + times.tdb.jd2) * 86400
    places = np.array([TURN.T @ heliocentric(time) + sun_from(centre, time) for time in times])
    if frame == "ECLIPJ2000":
        places = places @ TURN.T
    states = np.hstack([places, np.gradient(places, seconds, axis=0)])
    handle = spiceypy.spkopn(str(path), "model", 0)
    spiceypy.spkw09(handle, -21, centre, frame, seconds[0], seconds[-1], "model", 7, len(states), states, seconds)
    spiceypy.spkcls(handle)
    return path


def sun_from(centre, time):
    """The Sun from a body by its number, km, equatorial."""
    sun, earth, moon = (get_body_barycentric(name, time).xyz.to_value(u.km) for name in ("sun", "earth", "moon"))
    share = 0.0123000371 / 1.0123000371
    return {10: 0 * sun, 0: sun, 399: sun - earth, 3: sun - (1 - share) * earth - share * moon}[centre]


@pytest.mark.parametrize(
    ("centre", "frame"), [(10, "ECLIPJ2000"), (10, "J2000"), (0, "J2000"), (399, "J2000"), (3, "J2000")]
)
def test_kernels(tmp_path, centre, frame):
    write_kernel(tmp_path / "soho_orbit.bsp", centre, frame)
    observer = find_observer(TIME, resolve(tmp_path))
    assert observer.source == "soho_orbit.bsp"
    assert distance(observer) < 1
    # Outside it the orbit of the package is used, and inside it the kernel again.
    assert find_observer(Time("2004-05-09"), resolve(tmp_path)).source == "orbit of the package"
    assert find_observer(TIME, resolve(tmp_path)).source == "soho_orbit.bsp"


def test_kernels_named_by_the_setting(tmp_path, monkeypatch):
    kernel = write_kernel(tmp_path / "mine.bsp", 10)
    assert find_observer(TIME, resolve(tmp_path)).source == "orbit of the package"
    monkeypatch.setenv("SUNPY_LASCO_ORBIT", str(kernel))
    assert find_observer(TIME, resolve(tmp_path)).source == "mine.bsp"
    # Kernels that the user loaded before do not interfere.
    spiceypy = pytest.importorskip("spiceypy")
    spiceypy.furnsh(str(write_kernel(tmp_path / "other.bsp", 399)))
    assert distance(find_observer(TIME, resolve(tmp_path))) < 1
    assert spiceypy.ktotal("spk") == 1
    spiceypy.kclear()


def test_damaged_kernels(tmp_path):
    pytest.importorskip("spiceypy", reason="spiceypy is not installed")
    path = tmp_path / "soho_orbit.bsp"
    for content in (b"", b"<html>404</html>", b"DAF/SPK " + bytes(5000)):
        path.write_bytes(content)
        with pytest.raises(AssetError, match=r"soho_orbit.bsp (cannot be read|has no usable)"):
            find_observer(TIME, resolve(tmp_path))


def test_kernel_without_spiceypy(tmp_path, monkeypatch):
    (tmp_path / "soho_orbit.bsp").write_bytes(b"DAF/SPK")
    monkeypatch.setitem(sys.modules, "spiceypy", None)
    with pytest.raises(AssetError, match=r"spiceypy is not installed.*sunpy_lasco\[spice\]"):
        find_observer(TIME, resolve(tmp_path))
