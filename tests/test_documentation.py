"""Tables of the documentation, compared with the package."""

import re
from pathlib import Path

import numpy as np
import pytest

import astropy.units as u

import sunpy.map

import sunpy_lasco
from sunpy_lasco import simulate

DOCS = Path(__file__).parents[1] / "docs"
#: Cards that FITS requires.
STRUCTURAL = {"SIMPLE", "BITPIX", "NAXIS", "EXTEND", "CHECKSUM", "DATASUM", "COMMENT"}


@pytest.fixture(scope="module", params=["C2", "C3"])
def level1(request):
    sums = (2, 2) if request.param == "C2" else (1, 1)
    raw = simulate.observe(request.param, date="2002-05-21T00:18", lost_blocks=[(9, 12)], leb_sum=sums, seed=1).level05
    return sunpy_lasco.calibrate(raw, assets="simulated")


def rows_of_tables(page):
    """Rows of the list-tables of a page, as lists of cells."""
    rows = []
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("    * - "):
            rows.append([line[8:]])
        elif line.startswith("      - "):
            rows[-1].append(line[8:])
    return rows


def documented_cards():
    cards = [row[0] for row in rows_of_tables(DOCS / "reference" / "header_cards.rst")]
    return {card for cell in cards for card in re.findall(r"[A-Z][A-Z0-9_-]+(?:i_j)?", cell)}


def test_every_card_is_documented(level1, tmp_path):
    from astropy.io import fits

    path = sunpy_lasco.write_level1(level1, tmp_path / "image.fts")
    cards = {re.sub(r"^(PC|A_|B_|AP_|BP_)\d_\d$", r"\1i_j", card) for card in fits.getheader(path)}
    cards = {card if card in documented_cards() else re.sub(r"\d$", "", card) for card in cards}
    assert cards - STRUCTURAL - documented_cards() == set()


def test_page_of_the_cards_that_are_read(tmp_path, monkeypatch):
    """The page has a row for each card and each rule of the lists by which headers are read."""
    from sunpy_lasco.instrument.cards import CARDS
    from sunpy_lasco.level1.rules import PIXEL_RULES, RULES

    monkeypatch.syspath_prepend(str(DOCS))
    from level05_cards import write_card_tables

    write_card_tables(tmp_path / "generated" / "page.rst")
    rows = rows_of_tables(tmp_path / "generated" / "page.rst")
    assert [row[0] for row in rows if row[0] in CARDS and len(row) == 5] == list(CARDS)
    assert all(len(row) in (3, 5) for row in rows)
    said = {row[1] for row in rows if len(row) == 3}
    assert {rule.holds for rule in (*RULES, *PIXEL_RULES)} <= said


def saved(smap, tmp_path):
    smap.save(tmp_path / "saved.fits")
    return sunpy.map.Map(tmp_path / "saved.fits")


def written(smap, tmp_path):
    return sunpy_lasco.read_level1(sunpy_lasco.write_level1(smap, tmp_path / "written.fts"))


#: Operations by the first cell of a row of the table.
OPERATIONS = {
    "``submap``": [lambda smap, _: smap.submap([10, 20] * u.pix, top_right=[400, 300] * u.pix)],
    "``rotate``, ``resample``": [
        lambda smap, _: smap.rotate(10 * u.deg),
        lambda smap, _: smap.resample([256, 256] * u.pix),
    ],
    "``superpixel``": [lambda smap, _: smap.superpixel([2, 2] * u.pix)],
    "``reproject_to``": [lambda smap, _: smap.reproject_to(smap.wcs)],
    "``2 * image``, ``image / quantity``, ``-image``": [
        lambda smap, _: 2 * smap,
        lambda smap, _: smap / (3 * u.one),
        lambda smap, _: -smap,
    ],
    "``image - image``, ``image + image``": [lambda smap, _: smap - smap, lambda smap, _: smap + smap],
    "``image - quantity``, ``image - array``": [
        lambda smap, _: smap - 1e-10 * sunpy_lasco.MSB,
        lambda smap, _: smap - np.full(smap.data.shape, 1e-10),
    ],
    "``1 / image``, ``image**2``": [lambda smap, _: 1 / smap, lambda smap, _: smap**2],
    "``save`` and `sunpy.map.Map`": [saved],
    "`~sunpy_lasco.write_level1` and `~sunpy_lasco.read_level1`": [written],
}
TABLE = {row[0]: row[1:] for row in rows_of_tables(DOCS / "explanation" / "operations.rst")}


def test_table_of_operations_is_complete():
    assert set(TABLE) - {"Operation"} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("name", "operation"), [(name, operation) for name, found in OPERATIONS.items() for operation in found]
)
def test_what_survives_an_operation(level1, name, operation, tmp_path):
    keeps_class, keeps_unit, keeps_mask, keeps_flags, keeps_sigma = (cell.split(":")[0] for cell in TABLE[name])
    result = operation(level1, tmp_path)
    assert (type(result) is type(level1)) == (keeps_class == "yes")
    assert (result.unit == level1.unit) == (keeps_unit == "yes")
    assert keeps_mask in ("yes", "as NaN", "of both")
    empty = ~np.isfinite(result.data)
    assert 0.05 < empty.mean() < 0.6
    assert np.all(result.mask[empty])
    assert (result._flags is not None) == (keeps_flags != "no")
    assert (result.uncertainty is not None) == (keeps_sigma != "no")


def test_tests_that_pages_name_exist():
    pages = [page for page in DOCS.rglob("*.rst") if not {"generated", "api"} & set(page.parts)]
    named = {name for page in pages for name in re.findall(r"([a-z0-9_/]+\.py::\w+)", page.read_text(encoding="utf-8"))}
    assert len(named) > 50
    for name in sorted(named):
        path, function = name.split("::")
        text = (DOCS.parent / "tests" / path).read_text(encoding="utf-8")
        assert f"def {function}(" in text, name
