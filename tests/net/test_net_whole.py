"""Recognition of complete files."""

import gzip
import io
import os
from datetime import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopback_archive import Image

from astropy.io import fits

from sunpy_lasco.net.image_fetch import file_fault

BODY = Image("22000000.fts", datetime(2012, 8, 31)).fits()


def fault(tmp_path, body):
    path = tmp_path / "file.fts"
    path.write_bytes(body)
    return file_fault(path)


def test_whole_files(tmp_path):
    assert fault(tmp_path, BODY) is None
    assert fault(tmp_path, gzip.compress(BODY)) is None
    assert fault(tmp_path, BODY + bytes(2880)) is None


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_all_types_of_pixels(tmp_path, dtype):
    path = tmp_path / "image.fts"
    fits.PrimaryHDU(np.ones((37, 41), dtype=dtype)).writeto(path)
    assert file_fault(path) is None
    path.write_bytes(path.read_bytes()[:-1])
    assert file_fault(path).endswith(f"of {path.stat().st_size + 1} bytes")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>Not Found</html>", "HTML"),
        (b"Not Found", "not a FITS file"),
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


@pytest.mark.skipif(os.name == "nt", reason="pipes of Unix")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "22000000.fts")
    assert file_fault(tmp_path / "22000000.fts") == "it is not a regular file"


def test_file_that_is_not_there(tmp_path):
    assert "cannot be read" in file_fault(tmp_path / "none.fts")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, len(BODY) - 1), st.booleans())
def test_every_cut_is_seen(tmp_path, length, compressed):
    body = gzip.compress(BODY) if compressed else BODY
    assert fault(tmp_path, body[: min(length, len(body) - 1)]) is not None


def test_real_frames_are_whole(real_frames):
    assert len(real_frames) > 30
    assert [file_fault(path) for path in real_frames] == [None] * len(real_frames)


def hdus(*more, first=None):
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(first), *more]).writeto(file)
    return file.getvalue()


AXIS = b"NAXIS1  =%21d"
IMAGE = np.arange(64 * 64, dtype=np.float32).reshape(64, 64)
TABLE = fits.BinTableHDU.from_columns([fits.Column("a", "PJ()", array=[np.arange(7), np.arange(3)])])


@pytest.mark.parametrize(
    "body",
    [
        hdus(fits.ImageHDU(IMAGE), TABLE, first=IMAGE),
        hdus(TABLE, fits.ImageHDU(IMAGE)),
        hdus(fits.CompImageHDU(IMAGE.astype(np.int16))),
        hdus(fits.ImageHDU(IMAGE, name="SIGMA"), fits.ImageHDU(), first=np.ones((3, 5, 7))),
        # Filled up to ten blocks, as on tapes.
        hdus(first=IMAGE).ljust(28800, b"\0"),
    ],
)
def test_files_with_extensions(tmp_path, body):
    assert fault(tmp_path, body) is None
    assert fault(tmp_path, gzip.compress(body)) is None
    # The last byte that is not padding lies in the last block but for tapes.
    cut = body.rstrip(b"\0")[:-1]
    assert fault(tmp_path, cut) is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (hdus(TABLE), "no image"),
        (hdus(), "no image"),
        (hdus(fits.ImageHDU(IMAGE), first=IMAGE)[:-2880], "bytes"),
        (hdus(TABLE, first=IMAGE)[:-100], "bytes"),
        (hdus(first=IMAGE) + b"XTENSION", "ends within the header"),
        (hdus(first=IMAGE) + bytes(10 * 2880), "blocks of zeros follow"),
        (BODY.replace(AXIS % 64, AXIS % 9999999), "asks for"),
        (BODY.replace(AXIS % 64, b"NAXIS1  = " + b"9" * 20), "size of an image"),
        (BODY.replace(b"NAXIS   =%21d" % 2, b"NAXIS   =%21d" % 10**17), "size of an image"),
        (gzip.compress(hdus(first=IMAGE) + bytes(50 * 2**20)), "blocks of zeros follow"),
    ],
)
def test_faults_of_larger_files(tmp_path, body, reason):
    assert reason in fault(tmp_path, body)
