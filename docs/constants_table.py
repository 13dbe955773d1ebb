"""
Write the table of constants as a page, from the file that the code reads.
"""

import json
from pathlib import Path

from sunpy_lasco.instrument.constants import all_constants, constants_hash

#: Longer values are shown below the table, as in the file.
LONGEST = 60
#: Titles by the first word of a name.
TITLES = {
    "detector": "Both cameras",
    "C2": "C2",
    "C3": "C3",
    "pointing": "Pointing",
    "clock": "Clock",
    "bias": "Bias",
    "exposure": "Exposure",
    "full_well": "Full well",
    "noise": "Noise",
    "polariser": "Polarisers",
    "response": "Response of the pixels",
    "level1": "Official level 1",
    "estimate": "Estimated calibration images",
    "orbit": "Orbit of SOHO",
    "sun": "The Sun",
}


def text_of(value):
    """A value as in the file."""
    return json.dumps(value, default=dict, ensure_ascii=False)


def error_of(one):
    """The error of a constant."""
    if one.relative_error is not None:
        return f"{one.relative_error:g} (relative)"
    return "" if one.error is None else f"{one.error:g}"


def valid_of(one):
    """The dates for which a constant holds."""
    first, last = one.valid
    if first is None and last is None:
        return ""
    return f"until {last}" if first is None else f"since {first}" if last is None else f"{first} to {last}"


def table(entries):
    """A list-table, and what is too long for it."""
    lines = [".. list-table::", "    :header-rows: 1", "    :widths: 20 14 8 12 24 22", ""]
    rows = [("Name", "Value", "Error", "Unit", "Meaning", "Source and validity")]
    below = []
    for one in entries:
        value = text_of(one.value)
        if len(value) > LONGEST:
            below.append(one)
            value = "below"
        else:
            value = f"``{value}``"
        source = "; ".join(filter(None, (one.source, valid_of(one))))
        meaning = one.meaning.replace("`", "``").replace("**", r"\*\*")
        rows.append((f"``{one.name}``", value, error_of(one), one.unit.replace("*", r"\*"), meaning, source))
    for row in rows:
        lines += [f"    {'  -' if place else '* -'} {cell}".rstrip() for place, cell in enumerate(row)]
    for one in below:
        parts = one.value.items() if hasattr(one.value, "items") else enumerate(one.value)
        lines += ["", f"``{one.name}``::", ""]
        lines += [f"    {key if hasattr(one.value, 'items') else ''} {text_of(part)}".rstrip() for key, part in parts]
    return [*lines, ""]


def write_constants(path):
    """Write the page."""
    lines = [f"The SHA-256 of this table is ``{constants_hash()}``.", ""]
    for start, title in TITLES.items():
        entries = [one for one in all_constants().values() if one.name.split(".")[0] == start]
        lines += [title, "-" * len(title), "", *table(entries)]
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
