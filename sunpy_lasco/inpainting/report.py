"""
What a repair says of itself.
"""

from sunpy_lasco.inpainting.repair import WITH_NEIGHBOURS

__all__ = ["history_lines", "unfilled_message"]

#: Characters of a line of HISTORY, which FITS cuts at 72.
LINE = 70
#: Blocks and exposures that a warning names at most.
MOST_BLOCKS = 8
MOST_REFUSED = 4


def _blocks(blocks, first):
    """Blocks (row, column) of the array as texts column,row of the full frame's grid."""
    return [f"{column + first[1]},{row + first[0]}" for row, column in sorted(blocks)]


def history_lines(methods, first, neighbours=()):
    """
    Lines of HISTORY that say how each block was filled.

    Parameters
    ----------
    methods : `dict`
        From blocks (row, column) of the array to the names of the methods used.
    first : `tuple` of `int`
        Row and column, in the grid of the full frame, of the array's first block.
    neighbours : sequence of `str`, optional
        File names of the exposures that stood by.

    Returns
    -------
    `list` of `str`
    """
    lines = []
    for used in dict.fromkeys(methods.values()):
        mine = [block for block, names in methods.items() if names == used]
        line = f"Filled by {' and '.join(used)}, blocks column,row:"
        for text in _blocks(mine, first):
            if len(line) + 1 + len(text) > LINE:
                lines.append(line)
                line = "   "
            line += f" {text}"
        lines.append(line)
    if neighbours and any(name in WITH_NEIGHBOURS for names in methods.values() for name in names):
        lines.append(f"Neighbours in time: {' '.join(neighbours)}")
    return lines


def unfilled_message(name, unfilled, first, refused=()):
    """
    A warning of blocks that stay empty.

    Parameters
    ----------
    name : `str` or None
        File name.
    unfilled : `dict`
        From blocks (row, column) of the array to the reasons.
    first : `tuple` of `int`
        As of `history_lines`.
    refused : sequence of `str`, optional
        Which exposures of the context were not used, and why.

    Returns
    -------
    `str`
    """
    parts = []
    for reason in dict.fromkeys(unfilled.values()):
        texts = _blocks([block for block, why in unfilled.items() if why == reason], first)
        some = " ".join(texts[:MOST_BLOCKS]) + (" ..." if len(texts) > MOST_BLOCKS else "")
        parts.append(f"{len(texts)} blocks (column,row {some}), since {reason}")
    remedy = "Exposures before and after, given as context, may fill them."
    if refused:
        remedy = f"Of the context, {'; '.join(refused[:MOST_REFUSED])}{' ...' * (len(refused) > MOST_REFUSED)}."
    return f"{name or 'The map'}: pixels stay empty in {'; '.join(parts)}. {remedy}"
