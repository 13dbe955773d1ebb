"""The demo, from the command line to the picture."""

import re

import matplotlib.image
import numpy as np
import pytest

from astropy.io import fits

import sunpy.map

import sunpy_lasco
from sunpy_lasco.commands.main import main
from sunpy_lasco.products.pictures import flattened


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sunpy_lasco.errors.LascoUserWarning")
def test_demo(tmp_path, capsys):
    out = tmp_path / "new" / "demo"
    assert main(["demo", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    raw = sorted(out.glob("*.fts"))
    level1 = sorted(out.glob("**/c[23]/*.fts"))
    assert [path.name[:2] for path in raw] == ["22", "32"]
    assert [path.name[:2] for path in level1] == ["25", "35"]
    for path in (*raw, *level1):
        assert path.name in said
        smap = sunpy.map.Map(path)
        assert type(smap) in (sunpy_lasco.LASCOC2Map, sunpy_lasco.LASCOC3Map)
    assert said.count("14 blocks of 32 x 32 pixels were lost") == 2
    for path in raw:
        assert fits.getdata(path).shape == (512, 512)
        # Blocks that were lost, and those of the corners that are never sent.
        assert (fits.getdata(path) == 0).sum() >= 1024 * 14
    # Both cameras agree with the truth within the stated uncertainty.
    ratios = [float(one) for one in re.findall(r"every fourth.*\n *the errors are ([\d.]+) times", said)]
    assert ratios == pytest.approx([1, 1], abs=0.05)
    # The report is honest about filled pixels: it gives the worst hole, and names ejections.
    for text in said.split("Simulated ")[1:]:
        median = float(re.search(r"Filled pixels \(\d+\): median error ([\d.]+) %", text)[1])
        worst = float(re.search(r"Worst of \d+ holes: ([\d.]+) %", text)[1])
        width = float(re.search(r"The errors are ([\d.]+) times", text)[1])
        assert 0 < median < worst < 100
        assert 0.5 < width < 2
        assert "ejection crosses the holes" in text
    picture = matplotlib.image.imread(out / "before_and_after.png")
    assert picture.shape[0] > 800
    assert picture.shape[1] > 1600
    # Both colour tables are in it: red of C2, and blue of C3.
    red, _, blue = (picture[..., k] for k in range(3))
    assert ((red > 0.5) & (blue < 0.1)).mean() > 0.02
    assert ((blue > red + 0.02) & (blue > 0.3)).mean() > 0.02


def test_flattened_corona_is_one():
    y, x = np.mgrid[-200:201, -200:201].astype(float)
    r, angle = np.hypot(x, y) / 20, np.arctan2(-x, y)
    with np.errstate(divide="ignore"):
        image = np.where(r > 2, 1e-9 * np.maximum(r, 1) ** (-2.4 + 0.1 * np.cos(2 * angle)), np.nan)
    streamer = 0.5 * np.exp(-0.5 * ((angle - 1) / 0.04) ** 2)
    flat = flattened(image * (1 + streamer), r, angle)
    quiet = (streamer < 1e-3) & (r > 2.2)
    assert np.nanmedian(flat[quiet]) == pytest.approx(1, abs=0.01)
    assert np.nanstd(flat[quiet]) < 0.02
    assert np.nanmedian(flat[(streamer > 0.45) & (r > 3)]) == pytest.approx(1.48, abs=0.05)
    assert np.array_equal(np.isnan(flat), np.isnan(image))


def test_help_names_the_demo(capsys):
    with pytest.raises(SystemExit) as end:
        main(["demo", "--help"])
    assert end.value.code == 0
    assert "--out" in capsys.readouterr().out
