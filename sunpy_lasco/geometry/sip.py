"""
The distortion as SIP coefficients of a FITS-WCS.
"""

from math import comb

import numpy as np

from sunpy_lasco.errors import HeaderError
from sunpy_lasco.instrument.cards import number

__all__ = ["rescaled_sip", "sip_cards", "sip_matrices"]

#: Highest order of the forward polynomial, raw to corrected.
FORWARD_ORDER = 9
#: Order of the backward polynomial; that of the distortion itself.
BACKWARD_ORDER = 5
#: The digits of A_p_q allow no more.
HIGHEST_ORDER = 9
#: Radius in pixels up to which the forward polynomial is fitted.
FIT_RADIUS = 760.0


def sip_cards(distortion, binning):
    """
    SIP cards about the centre of a distortion, for pixels that are sums of (sx, sy) full-resolution pixels.

    Return the cards A_ORDER, A_p_q, B_p_q and the inverse AP and BP, and the number of corrected pixels per
    raw pixel at the centre, 1 / (1 + k0). SIP has no linear terms, so CDELT must be multiplied by this
    number. AP and BP are the exact distortion. A and B, which ``pixel_to_world`` uses, are fitted to its
    inverse. All are odd in both coordinates and therefore also valid for the image turned by 180 degrees.
    """
    scale = 1.0 / (1.0 + distortion.k0)
    # In units of the scale, the distortion has no linear term.
    backward = [distortion.k1 * scale**3, distortion.k2 * scale**5]
    powers = np.arange(3, FORWARD_ORDER + 1, 2)
    r_raw = np.linspace(0.0, FIT_RADIUS, 2001)
    x, _ = distortion.to_corrected(distortion.centre[0] + r_raw, np.full_like(r_raw, distortion.centre[1]))
    excess = (x - distortion.centre[0]) / scale - r_raw
    q = r_raw / FIT_RADIUS
    fit, *_ = np.linalg.lstsq(q[:, None] ** powers, excess, rcond=None)
    forward = fit / FIT_RADIUS**powers
    cards = {"A_ORDER": FORWARD_ORDER, "B_ORDER": FORWARD_ORDER, "AP_ORDER": BACKWARD_ORDER, "BP_ORDER": BACKWARD_ORDER}
    cards |= _radial_terms("A", "B", forward, binning)
    cards |= _radial_terms("AP", "BP", backward, binning)
    return cards, scale


def sip_matrices(header):
    """
    The polynomials A, B, AP and BP of a SIP header, for `astropy.wcs.Sip`; None for each that is missing.

    Element (p, q) is the coefficient of x**p y**q. `~sunpy_lasco.errors.HeaderError` is raised if an order or
    a coefficient is not a number, or if one of A and B, or of AP and BP, is missing.
    """
    matrices = []
    for name in ("a", "b", "ap", "bp"):
        order = _order(header, name)
        matrix = np.zeros((order + 1, order + 1))
        for p in range(order + 1):
            for q in range(order + 1 - p):
                matrix[p, q] = number(header, f"{name}_{p}_{q}", 0.0)
        matrices.append(matrix if order >= 0 else None)
    if (matrices[0] is None) != (matrices[1] is None) or (matrices[2] is None) != (matrices[3] is None):
        msg = "The header has only one of the SIP polynomials A and B, or AP and BP."
        raise HeaderError(msg)
    return tuple(matrices)


def rescaled_sip(header, factors):
    """
    Convert the SIP cards A_p_q to BP_p_q of a header to another pixel size; ``factors`` are old pixels per
    new pixel along (x, y).
    """
    along_x, along_y = factors
    cards = {}
    for name, own in (("a", along_x), ("b", along_y), ("ap", along_x), ("bp", along_y)):
        order = _order(header, name)
        for p in range(order + 1):
            for q in range(order + 1 - p):
                card = f"{name}_{p}_{q}"
                if card in header:
                    cards[card] = number(header, card, 0.0) * along_x**p * along_y**q / own
    return cards


def _order(header, name):
    """Order of a polynomial; -1 where the header has none."""
    order = number(header, f"{name}_order", -1)
    if not -1 <= order <= HIGHEST_ORDER or order != int(order):
        msg = f"The card {name.upper()}_ORDER holds {order:g}; SIP has whole orders up to {HIGHEST_ORDER}."
        raise HeaderError(msg)
    return int(order)


def _radial_terms(along_x, along_y, coefficients, binning):
    """Expand x * sum c_m r**(2 m) into products of powers of x and y."""
    cards = {}
    for m, coefficient in enumerate(coefficients, start=1):
        for i in range(m + 1):
            j = m - i
            value = float(coefficient * comb(m, i) * binning[0] ** (2 * i) * binning[1] ** (2 * j))
            cards[f"{along_x}_{2 * i + 1}_{2 * j}"] = value
            cards[f"{along_y}_{2 * i}_{2 * j + 1}"] = value
    return cards
