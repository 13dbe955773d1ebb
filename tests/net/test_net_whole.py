"""What is a whole file."""

import gzip
from datetime import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopback_archive import Image

from astropy.io import fits

from sunpy_lasco.net.whole import fault_of

BODY = Image("22000000.fts", datetime(2012, 8, 31)).fits()


def fault(tmp_path, body):
    path = tmp_path / "file.fts"
    path.write_bytes(body)
    return fault_of(path)


def test_whole_files(tmp_path):
    assert fault(tmp_path, BODY) is None
    assert fault(tmp_path, gzip.compress(BODY)) is None
    assert fault(tmp_path, BODY + bytes(2880)) is None


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_all_types_of_pixels(tmp_path, dtype):
    path = tmp_path / "image.fts"
    fits.PrimaryHDU(np.ones((37, 41), dtype=dtype)).writeto(path)
    assert fault_of(path) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert fault_of(path).endswith(f"of {path.stat().st_size + 1} bytes")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>Not Found</html>", "HTML"),
        (b"Not Found", "no FITS file"),
        (BODY[:-1], "bytes"),
        (BODY[:-2880], "bytes"),
        (BODY[:2880], "within the header"),
        (BODY[:4000], "within the header"),
        (BODY + b"<html>", "something else follows"),
        (gzip.compress(BODY)[:-100], "cannot be read"),
        (gzip.compress(BODY)[:-8] + bytes(8), "cannot be read"),
        (gzip.compress(b"<html>", mtime=0), "HTML"),
        (gzip.compress(BODY[:-2880]), "bytes"),
        (BODY.replace(b"NAXIS   =                    2", b"NAXIS   =                    0"), "no image"),
        (BODY.replace(b"NAXIS1  =                   64", b"NAXIS1  =                    0"), "no image"),
        (BODY.replace(b"NAXIS1  =                   64", b"NAXIS1  =                 6400"), "bytes"),
        (b"SIMPLE  =                    T".ljust(80) + b" " * 2800 + b" " * 2880 * 120, "no end"),
    ],
)
def test_faults(tmp_path, body, reason):
    assert reason in fault(tmp_path, body)


def test_file_that_is_not_there(tmp_path):
    assert "cannot be read" in fault_of(tmp_path / "none.fts")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, len(BODY) - 1), st.booleans())
def test_every_cut_is_seen(tmp_path, length, compressed):
    body = gzip.compress(BODY) if compressed else BODY
    assert fault(tmp_path, body[: min(length, len(body) - 1)]) is not None


def test_real_frames_are_whole(real_frames):
    assert len(real_frames) > 30
    assert [fault_of(path) for path in real_frames] == [None] * len(real_frames)
