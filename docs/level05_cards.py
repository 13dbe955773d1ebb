"""
Write the tables of the header cards of level 0.5, and of what must hold between them, from the lists that are read by.
"""

from pathlib import Path

from sunpy_lasco.instrument.cards import CARDS
from sunpy_lasco.level1.rules import PIXEL_RULES, RULES


def table(title, widths, head, rows):
    """A list-table."""
    lines = [f".. list-table:: {title}", "    :header-rows: 1", f"    :widths: {widths}", ""]
    for row in (head, *rows):
        lines += [f"    {'  -' if place else '* -'} {cell}".rstrip() for place, cell in enumerate(row)]
    return [*lines, ""]


def write_card_tables(path):
    """Write the tables."""
    cards = []
    for card in CARDS.values():
        allowed = (card.allowed, card.note) if card.allowed != "a text" or not card.note else (card.note,)
        cards.append((card.name, card.meaning, "; ".join(filter(None, allowed)), card.missing, card.wrong))
    lines = table("Cards", "12 26 30 22 10", ("Card", "Meaning", "Allowed", "Missing", "Otherwise"), cards)
    rules = [(rule.cards, rule.holds, rule.otherwise) for rule in RULES]
    lines += table("Between cards", "25 45 30", ("Cards", "What holds", "Otherwise"), rules)
    rules = [(rule.cards or "none", rule.holds, rule.otherwise) for rule in PIXEL_RULES]
    lines += table("Pixels", "25 45 30", ("Cards", "What holds", "Otherwise"), rules)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
