"""The table of constants: it is complete and used, its numbers occur nowhere else, and they can be replaced."""

import ast
import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from astropy.time import Time

import sunpy_lasco
from sunpy_lasco.instrument import constants as table
from sunpy_lasco.instrument.bias import bias_polynomial
from sunpy_lasco.instrument.cameras import CAMERAS, Camera
from sunpy_lasco.instrument.constants import all_constants, constant, constants_hash, date_of, other_constants, value_of

PACKAGE = Path(sunpy_lasco.__file__).parent
FILE = PACKAGE / "instrument" / "constants.json"
NAMES = list(json.loads(FILE.read_text(encoding="utf-8")))
#: Names that the code composes: their beginnings, and the possible endings.
FAMILIES = {r"C3\.mask\.": r"\w+", r"(C2|C3)\.untransmitted": r"\.\dx\d"}


@functools.cache
def sources():
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}


def numbers(value):
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from numbers(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield abs(float(value))


@pytest.mark.parametrize("name", NAMES)
def test_each_entry_says_what_it_is_and_where_it_is_from(name):
    entry = json.loads(FILE.read_text(encoding="utf-8"))[name]
    assert set(entry) - {"relative_error"} == {"value", "error", "unit", "meaning", "source", "valid"}
    assert entry["value"] is not None
    for part in ("unit", "meaning", "source"):
        assert entry[part].strip() == entry[part] != "", part
    errors = [entry[part] for part in ("error", "relative_error") if entry.get(part) is not None]
    assert len(errors) <= 1
    assert all(np.isfinite(error) and error > 0 for error in errors)
    first, last = entry["valid"]
    assert first is None or Time(first) >= Time("1995-12-02")
    assert last is None or Time(last) >= Time(first or "1995-12-02")
    assert all(np.isfinite(list(numbers(entry["value"]))))
    # The names in references exist.
    for other in re.findall("`(.+?)`", entry["meaning"]):
        assert other in NAMES


def patterns():
    """Names that the code looks up in the table, as patterns."""
    for attribute in vars(Camera).values():
        if hasattr(attribute, "part"):
            yield rf"(C2|C3)\.{attribute.name}"
    for tree in sources().values():
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
                yield re.escape(node.value)
            elif isinstance(node, ast.JoinedStr) and any("." in str(getattr(one, "value", "")) for one in node.values):
                yield "".join(re.escape(one.value) if isinstance(one, ast.Constant) else r"\w+" for one in node.values)
    for start, end in FAMILIES.items():
        yield start + end


def test_each_constant_is_used_by_code():
    names = {pattern for pattern in patterns() if r"\." in pattern and " " not in pattern}
    asked = re.compile("|".join(names))
    unused = [name for name in NAMES if not asked.fullmatch(name)]
    assert unused == []


def test_what_the_code_asks_for_is_in_the_table():
    """Otherwise only a user would find a misspelt name in a rare branch."""
    asked = []
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"value_of", "error_of", "date_of"}:
                if isinstance(node.args[0], ast.Constant):
                    asked.append(node.args[0].value)
    assert len(asked) > 80
    assert set(asked) <= set(NAMES)
    cameras = [attribute.name for attribute in vars(Camera).values() if hasattr(attribute, "part")]
    assert {f"{camera}.{name}" for camera in CAMERAS for name in cameras} <= set(NAMES)


def test_numbers_of_the_table_stand_nowhere_else_in_the_code():
    """Numbers of four or more digits, which do not coincide by chance."""
    kept = {}
    for name in NAMES:
        for number in numbers(value_of(name) if not hasattr(value_of(name), "items") else dict(value_of(name))):
            if len(repr(number).replace(".", "").split("e")[0].strip("0")) >= 4:
                kept[number] = name
    assert len(kept) > 150
    # The simulator writes the cards that real headers hold.
    own = {PACKAGE / "simulate" / "headers.py"}
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} has {kept[abs(float(node.value))]}"
        for path, tree in sources().items()
        if path not in own
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and abs(float(node.value)) in kept
    ]
    assert found == []


def test_values_cannot_be_changed_in_place():
    with pytest.raises(TypeError):
        value_of("bias.sigma")["polynomial"] = 0.0
    assert isinstance(value_of("C2.bias")[0][3], tuple)
    all_constants().clear()
    assert value_of("C2.gain") == 11.3


def test_a_date_has_its_scale():
    assert date_of("pointing.first_turn") == Time("2003-07-08T13:00:00", scale="utc")
    assert date_of("orbit.halo.begin").scale == "tdb"


def test_hash_is_that_of_the_numbers_and_not_of_the_words(monkeypatch):
    before = constants_hash()
    assert re.fullmatch("[0-9a-f]{64}", before)
    entry = constant("C2.gain")
    for part, other in {"value": 11.4, "error": 0.3, "unit": "1", "valid": ("2000-01-01", None)}.items():
        with other_constants({"C2.gain": table.replace(entry, **{part: other})}):
            assert constants_hash() != before, part
    for part in ("meaning", "source"):
        with other_constants({"C2.gain": table.replace(entry, **{part: "other words"})}):
            assert constants_hash() == before, part
    with other_constants({"C2.gain": 11.3}):
        assert constants_hash() == before
    assert constants_hash() == before


def test_hash_is_the_same_in_every_process():
    program = "from sunpy_lasco.instrument.constants import constants_hash; print(constants_hash())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == constants_hash()


def test_other_constants_hold_within_and_are_gone_after_an_error():
    def broken():
        with other_constants({"C2.gain": 12.0, "C2.bias.ports": {"A": 1.0}}):
            assert CAMERAS["C2"].gain == 12.0
            assert bias_polynomial("C2", 54890, "A") == 1.0
            with other_constants({"C2.gain": 13.0}):
                assert CAMERAS["C2"].gain == 13.0
                assert bias_polynomial("C2", 54890, "A") == 1.0
            assert CAMERAS["C2"].gain == 12.0
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert CAMERAS["C2"].gain == 11.3
    assert bias_polynomial("C2", 54890, "A") == 364.0


def test_unknown_constants_are_refused():
    with pytest.raises(KeyError, match=r"C2\.gin"), other_constants({"C2.gin": 1.0}):
        pass
    with pytest.raises(KeyError, match=r"C2\.gin"), other_constants({"C2.gin": constant("C2.gain")}):
        pass
    with pytest.raises(KeyError, match=r"C2\.gin"):
        value_of("C2.gin")


def test_what_was_kept_between_calls_is_forgotten():
    from sunpy_lasco.assets.names import C2_VIGNETTING
    from sunpy_lasco.assets.systematics import systematic_error

    before, _ = systematic_error(C2_VIGNETTING)
    errors = value_of("estimate.C2_vignetting.errors")
    with other_constants({"estimate.C2_vignetting.errors": tuple(2 * error for error in errors)}):
        within, _ = systematic_error(C2_VIGNETTING)
    np.testing.assert_allclose(within, 2 * before)
    np.testing.assert_array_equal(systematic_error(C2_VIGNETTING)[0], before)
