"""Tables in text form and IDL save files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from idl_save_file import save_file

from astropy.time import Time

from sunpy_lasco.assets import C2_TIME_OFFSETS, C3_OCCULTER_CENTRES, LAST_POINTING_DAYS, NOMINAL_ROLL, POINTING_TABLES
from sunpy_lasco.assets.images import check_file
from sunpy_lasco.assets.tables import (
    check_table,
    parse_exposure_factors,
    parse_nominal_roll,
    parse_occulter_centres,
    parse_time_offsets,
    read_last_pointing_days,
    read_pointing,
)
from sunpy_lasco.errors import AssetError
from sunpy_lasco.instrument.constants import value_of

FORMAT = "{:12s}{:10.6f}{:10.1f}  {:6s}  {:10.2f}  {:12s}{:12s}{:>9s}{:4d}{:10.2e}"
LINE = FORMAT.format("22157677.fts", 1.00108, 618.5, "090228", 376.02, "Orange", "Clear", "5400", 10, 1.2e-4)


def test_exposure_factor_of_a_published_image():
    """The image 25299383 of level 1 has EXPTIME 25.1262079357 and had 25.0991."""
    (row,) = parse_exposure_factors(LINE + "\n")
    assert row["filename"] == "22157677.fts"
    assert row["factor"] == 1.00108
    assert row["bias"] == 618.5
    assert row["mjd"] == 54890
    assert row["time"] == 376.02
    assert (row["filter"], row["polar"], row["n_regions"], row["sigma"]) == ("Orange", "Clear", 10, 1.2e-4)
    assert 25.1262079357 / row["factor"] == pytest.approx(25.0991, abs=1e-4)


def test_line_that_ends_early():
    (row,) = parse_exposure_factors("22157677.fts  1.001080     618.5  090228      376.02  Orange …\n")
    assert row["factor"] == 1.00108
    assert row["n_regions"] == -1
    assert np.isnan(row["sigma"])
    (row,) = parse_exposure_factors("22157677.fts  1.001080     618.5  090228      376.02\n")
    assert row["n_regions"] == -1


def test_numbers_that_leave_no_blank():
    line = FORMAT.format("22157677.fts", -10.00108, 618.5, "090228", 376.02, "Orange", "+60 Deg", "5400", 97, 0)
    assert line.startswith("22157677.fts-10.001080")
    (row,) = parse_exposure_factors(line)
    assert row["factor"] == -10.00108
    assert (row["bias"], row["mjd"], row["time"], row["polar"]) == (618.5, 54890, 376.02, "+60 Deg")


def test_order_of_the_file_is_kept():
    again = LINE.replace("1.001080", "1.002000")
    assert list(parse_exposure_factors(f"{LINE}\n\n{again}\n")["factor"]) == [1.00108, 1.002]


def test_lines_that_cannot_be_read_are_counted():
    table = parse_exposure_factors(f"filename factor bias\n{LINE}\n22157678.fts 1.0 600 090231 1.0\n")
    assert len(table) == 1
    assert table.meta["unreadable"] == 2
    with pytest.raises(AssetError, match="None of 1 lines"):
        parse_exposure_factors("nothing here\n")
    with pytest.raises(AssetError, match="ends in the middle"):
        parse_exposure_factors(f"{LINE}\n{LINE[:25]}")
    assert len(parse_exposure_factors("")) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 99_999_999).map("{:08d}.fts".format),
            st.floats(0.5, 1.5).map(lambda value: round(value, 6)),
            st.floats(0, 99_999_999).map(lambda value: round(value, 1)),
            st.dates(min_value=Time("1996-01-01").datetime.date(), max_value=Time("2026-12-31").datetime.date()),
            st.floats(0, 86400).map(lambda value: round(value, 2)),
            st.sampled_from(["Clear", "Orange", "DeepRd", "Blue", "Halpha"]),
            st.sampled_from(["Clear", "+60 Deg", "0 Deg", "-60 Deg", "H_Alpha"]),
            st.sampled_from(["5400", ""]),
            st.integers(0, 9999),
            st.floats(0, 1).map(lambda value: float(f"{value:.2e}")),
        ),
        max_size=5,
    )
)
def test_written_and_read_again(rows):
    lines = [FORMAT.format(*row[:3], f"{row[3]:%y%m%d}", *row[4:]) for row in rows]
    table = parse_exposure_factors("".join(f"{line}\n" for line in lines))
    assert table.meta["unreadable"] == 0
    for line, row in zip(table, rows, strict=True):
        name, factor, bias, day, time, filter_, polar, _, regions, sigma = row
        assert (line["filename"], line["factor"], line["bias"]) == (name, factor, bias)
        assert line["mjd"] == Time(day.isoformat(), scale="utc").mjd
        assert (line["time"], line["filter"], line["polar"]) == (time, filter_, polar)
        assert (line["n_regions"], line["sigma"]) == (regions, sigma)


def test_occulter_centres():
    """The published rows, as stored in the package."""
    known = value_of("C3.occulter_centres")
    rows = "".join(f"{day.replace('-', '/')} {x:.3f} {y:.3f}\n" for day, x, y in known)
    table = parse_occulter_centres("C3 occulter centre\ndate x y\n" + rows)
    assert [tuple(row) for row in table] == [(int(Time(day).mjd), x, y) for day, x, y in known]
    with pytest.raises(AssetError, match="Line 3"):
        parse_occulter_centres("a\nb\n1996/08/10 516.514\n")
    with pytest.raises(AssetError, match="has no line"):
        parse_occulter_centres("a\nb\n")


def test_nominal_roll():
    text = "# Nominal roll attitude of SOHO (degrees)\n#\n1995-12-02 03:08:00   0.00\n2003-07-08 13:00:00 180.00\n"
    table = parse_nominal_roll(text)
    assert list(table["roll"]) == [0, 180]
    assert table["mjd"][1] == pytest.approx(Time("2003-07-08T13:00:00").mjd, abs=1e-9)
    with pytest.raises(AssetError, match="Line 2"):
        parse_nominal_roll("1995-12-02 03:08:00 0\n2003-07-08 upside down\n")
    with pytest.raises(AssetError, match="has no line"):
        parse_nominal_roll("# nothing\n")


def test_time_offsets():
    table = parse_time_offsets("h\nh\n52940 46445521 511.2 0 6.009\n50814 611181 510.0 1 -175.409\n")
    assert list(table["offset"]) == [-175.409, 6.009]
    assert table["mjd"][0] == pytest.approx(50814 + 611.181 / 86400, abs=1e-12)
    assert list(table["moved"]) == [True, False]
    with pytest.raises(AssetError, match="Line 3"):
        parse_time_offsets("h\nh\n52940 46445521 511.2 0\n")
    with pytest.raises(AssetError, match="has no line"):
        parse_time_offsets("h\nh\n")


def test_pointing_table(tmp_path):
    """Seconds of TAI since 1958 plus 32.184; TAI - UTC was 34 s in 2009."""
    utc = Time("2009-02-28T00:05:33.380")
    seconds = (54890 - 36204) * 86400 + 333.380 + 34 + 32.184
    path = tmp_path / POINTING_TABLES["C2"][1]
    columns = {
        "c_tai": [seconds + 86400, seconds],
        "c_xmed": [511, 510.2],
        "c_ymed": [507, 506.9],
        "c_rmed": [0.6, 0.5],
    }
    path.write_bytes(save_file(columns | {"c_x": [0.0, 0.0]}))
    table = read_pointing(path)
    assert table["mjd"][0] == pytest.approx(utc.mjd, abs=1e-9)
    assert table["mjd"][1] == pytest.approx(utc.mjd + 1, abs=1e-9)
    assert (list(table["x"]), list(table["y"]), list(table["roll"])) == ([510.2, 511], [506.9, 507], [0.5, 0.6])
    check_file(path, path.name)


def test_last_pointing_days(tmp_path):
    path = tmp_path / LAST_POINTING_DAYS
    path.write_bytes(save_file({"last_day": "2012/10/07", "c2_last_day": "2012/10/08"}))
    assert read_last_pointing_days(path) == {"C2": 56208, "C3": 56207}
    path.write_bytes(save_file({"other": "x"}))
    with pytest.raises(AssetError, match="names no last day for C2"):
        read_last_pointing_days(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (save_file({"c_tai": [1.0], "c_xmed": [1.0]}), "lacks the variables c_ymed, c_rmed"),
        (save_file({"c_tai": [1.0, 2], "c_xmed": [1.0], "c_ymed": [1.0], "c_rmed": [1.0]}), "unequal length"),
        (save_file({"c_tai": [np.nan], "c_xmed": [1.0], "c_ymed": [1.0], "c_rmed": [1.0]}), "not finite"),
        (save_file({"c_tai": "x", "c_xmed": [1.0], "c_ymed": [1.0], "c_rmed": [1.0]}), "values that are not numbers"),
        (save_file({"c_tai": [1.0]})[:-20], "cannot be read as an IDL save file"),
        (b"not a save file", "cannot be read as an IDL save file"),
    ],
)
def test_damaged_pointing_tables(content, message, tmp_path):
    path = tmp_path / POINTING_TABLES["C3"][0]
    path.write_bytes(content)
    with pytest.raises(AssetError, match=message):
        read_pointing(path)
    with pytest.raises(AssetError, match="is not the expected table"):
        check_file(path, path.name)


@pytest.mark.parametrize("name", [C2_TIME_OFFSETS, C3_OCCULTER_CENTRES, NOMINAL_ROLL, "c2_expfactor_090228.dat"])
def test_every_text_is_checked(name):
    with pytest.raises(AssetError):
        check_table(name, "one\ntwo\nthree\n")
