"""
Write the cards of the networks that come with the package as a page, from the files of their weights.
"""

import json
from importlib import resources
from pathlib import Path

from safetensors import safe_open

from sunpy_lasco.network.held_back import packaged_file

#: Names of the metadata of a file, in words.
ERRORS = "error relative to other methods on held-back dates: mean, 95 % interval, holes"


def table(head, rows):
    """A list-table."""
    lines = [".. list-table::", "    :header-rows: 1", ""]
    for row in (head, *rows):
        lines += [
            f"    {'* -' if first else '  -'} {cell}" for first, cell in zip((True,) + (False,) * 9, row, strict=False)
        ]
    return [*lines, ""]


def card_of(camera):
    """Lines of the card of the network for a camera."""
    place = packaged_file(camera)
    with resources.as_file(place) as path, safe_open(path, framework="np") as file:
        metadata, size = file.metadata(), sum(file.get_tensor(name).size for name in file.keys())
        weight = path.stat().st_size
    card, records = (json.loads(metadata[name]) for name in ("card", "records"))
    windows = ", ".join(f"{number} {origin}" for origin, number in card["windows"].items())
    lines = [camera, "-" * len(camera), ""]
    facts = [
        ("File", f"``{place.name}``, {weight / 1e6:.2f} MB, {size} numbers in {metadata['networks']} networks"),
        ("SHA-256 of the numbers", f"``{metadata['sha256']}``"),
        ("Groups of dates", ", ".join(card["dates"])),
        ("Windows", windows),
        ("Recipe", f"``{card['recipe']['name']}``, {card['steps']} steps of {card['recipe']['batch']} windows"),
        ("Held back in turn", "; ".join(card["held back in turn"]) or "none: scored on simulated frames"),
        ("Limits", card["limits"]),
    ]
    lines += table(("What", "Value"), facts)
    for title, kinds in card[ERRORS].items():
        rivals = list(dict.fromkeys(rival for ratios in kinds.values() for rival in ratios))
        lines += [f"Errors of means over 8 x 8 pixels, {title}, relative to other methods on the same holes:", ""]
        rows = []
        for kind, ratios in kinds.items():
            texts = ["{:.2f} [{:.2f}, {:.2f}]".format(*ratios[rival]) if rival in ratios else "" for rival in rivals]
            rows.append((f"{kind} ({max(one[3] for one in ratios.values())})", *texts))
        lines += table(("Kind of hole (number)", *rivals), rows)
    lines += ['Use by ``"auto"``:', ""]
    says = {True: "network", False: "not the network"}
    rows = [(kind, *(says[one[kind]["better"]] for one in records.values())) for kind in next(iter(records.values()))]
    return [*lines, *table(("Kind of hole", *records), rows)]


def write_model_cards(path):
    """Write the page."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [line for camera in ("C2", "C3") for line in card_of(camera)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
