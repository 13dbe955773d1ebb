"""Untrusted files: they are refused before they are opened, in bounded time and memory."""

import gzip
import os
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest

from astropy.io import fits

import sunpy_lasco
from sunpy_lasco import simulate
from sunpy_lasco.commands.main import main
from sunpy_lasco.errors import BadFrameError, HeaderError, LascoError
from sunpy_lasco.map import LASCOC3Map, open_map


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A level-0.5 file."""
    exposure = simulate.observe("C3", leb_sum=(2, 2), seed=3)
    return simulate.write_level05(exposure, tmp_path_factory.mktemp("file")).read_bytes()


def with_card(content, keyword, value):
    """The content with a changed card."""
    place = next(start for start in range(0, 28800, 80) if content[start : start + 8].rstrip() == keyword.encode())
    card = f"{keyword:8}= {value:>20}".ljust(80)
    return content[:place] + card.encode() + content[place + 80 :]


BROKEN = {
    "empty": lambda _: b"",
    "text": lambda _: b"What is this?\n" * 1000,
    "page": lambda _: b"<!DOCTYPE html><html><body>404</body></html>",
    "noise": lambda _: np.random.default_rng(1).bytes(100_000),
    "cut in the header": lambda content: content[:2000],
    "cut after the header": lambda content: content[: 2880 * 3],
    "cut in the image": lambda content: content[:700_000],
    "cut by a byte": lambda content: content[:-1],
    "23 digits": lambda content: with_card(content, "NAXIS1", "9" * 23),
    "ten digits": lambda content: with_card(content, "NAXIS1", "9999999999"),
    "negative axis": lambda content: with_card(content, "NAXIS2", "-512"),
    "no axes": lambda content: with_card(content, "NAXIS", "0"),
    "one axis": lambda content: with_card(content, "NAXIS", "1"),
    "type of pixels": lambda content: with_card(content, "BITPIX", "17"),
    "no end of the header": lambda content: content[:2880].replace(b"END" + b" " * 77, b" " * 80) * 200,
    "packed and cut": lambda content: gzip.compress(content)[:100_000],
    "packed and one bit flipped": lambda content: flipped(gzip.compress(content), 100_000),
    "packed pages": lambda _: gzip.compress(b"<html></html>"),
}


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :]


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_refused(kind, content, tmp_path, capsys):
    path = tmp_path / ("frame.fts.gz" if kind.startswith("packed") else "frame.fts")
    path.write_bytes(BROKEN[kind](content))
    with pytest.raises(LascoError, match=r"frame\.fts"):
        open_map(path)
    assert main(["calibrate", "--assets", "simulated", "--out", str(tmp_path / "out"), str(path)]) == 1
    said = capsys.readouterr().err
    assert "frame.fts" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_sound_files(content, tmp_path):
    for name, written in (("a.fts", content), ("b.fts.gz", gzip.compress(content)), ("c.fts", content + bytes(2880))):
        (tmp_path / name).write_bytes(written)
        assert type(open_map(tmp_path / name)) is LASCOC3Map


def test_no_file_at_all(tmp_path, capsys):
    with pytest.raises(FileNotFoundError):
        open_map(tmp_path / "absent.fts")
    with pytest.raises(BadFrameError, match="not a file"):
        open_map(tmp_path)
    assert main(["calibrate", "--assets", "simulated", "--out", str(tmp_path), str(tmp_path / "absent.fts")]) == 1
    assert "absent.fts" in capsys.readouterr().err


def test_several_images(content, tmp_path):
    path = tmp_path / "two.fts"
    hdus = fits.HDUList.fromstring(content)
    extension = fits.ImageHDU(hdus[0].data, hdus[0].header)
    fits.HDUList([fits.PrimaryHDU(hdus[0].data, hdus[0].header), extension]).writeto(path)
    with pytest.raises(HeaderError, match=r"two\.fts holds 2 images instead of one"):
        open_map(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    path = tmp_path / "pipe.fts"
    os.mkfifo(path)
    begin = time.monotonic()
    for read in (open_map, sunpy_lasco.read_level1):
        with pytest.raises(BadFrameError, match="not a file"):
            read(path)
    assert main(["calibrate", "--assets", "simulated", "--out", str(tmp_path / "out"), str(path)]) == 1
    assert time.monotonic() - begin < 10


def bomb(path, header, size):
    """A file that unpacks to a header and zeros, written in bounded memory."""
    packing, zeros, sum_of_all = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS), bytes(1 << 20), zlib.crc32(header)
    with path.open("wb") as file:
        file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
        file.write(packing.compress(header) + packing.flush(zlib.Z_FULL_FLUSH))
        # What follows a full flush does not depend on what came before it, so a MB is packed once.
        packed = packing.compress(zeros) + packing.flush(zlib.Z_FULL_FLUSH)
        for _ in range(size >> 20):
            file.write(packed)
            sum_of_all = zlib.crc32(zeros, sum_of_all)
        file.write(packing.flush())
        file.write(struct.pack("<II", sum_of_all, len(header) + (size >> 20 << 20)))


def test_small_files_that_unpack_to_gigabytes(content, tmp_path):
    """510 kB of gzip used to grow to 1.4 GB."""
    starts = {
        "an image too large": with_card(content, "NAXIS1", str(1 << 20))[: 2880 * 2],
        "zeros behind an image": content,
        "a header without end": content[:2880],
    }
    paths = [tmp_path / f"{number}.fts.gz" for number in range(len(starts))]
    for path, start in zip(paths, starts.values(), strict=True):
        bomb(path, start, 400 << 20)
        assert path.stat().st_size < 2e6
    program = """
import re, resource, sys
from pathlib import Path
import sunpy_lasco
from sunpy_lasco.commands.main import main
from sunpy_lasco.errors import LascoError
from sunpy_lasco.map import open_map
out, *files = sys.argv[1:]
for file in files:
    try:
        open_map(file)
    except LascoError as error:
        print("refused", error)
print("status", main(["calibrate", "--assets", "simulated", "--out", out, *files]))
# Linux counts the memory of the parent before this program was started, but not here.
status = Path("/proc/self/status")
peak = re.search(r"VmHWM:\\s*(\\d+)", status.read_text()) if status.exists() else None
print("memory", peak[1] if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    arguments = [sys.executable, "-c", program, str(tmp_path / "out"), *map(str, paths)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)
    lines = done.stdout.splitlines()
    said = done.stdout + done.stderr
    assert [line.split()[0] for line in lines] == ["refused"] * 3 + ["status", "memory"], said
    assert lines[3] == "status 1"
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(lines[4].split()[1]) * unit < 0.9e9, said
