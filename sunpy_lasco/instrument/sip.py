"""
The distortion as SIP coefficients of a FITS-WCS.
"""

from math import comb

import numpy as np

__all__ = ["sip_cards"]

#: Highest order of the forward polynomial, raw to corrected.
FORWARD_ORDER = 9
#: Order of the backward polynomial; that of the distortion itself.
BACKWARD_ORDER = 5
#: Radius in pixels up to which the forward polynomial is fitted.
FIT_RADIUS = 760.0


def sip_cards(distortion, binning):
    """
    SIP cards about the centre of the distortion.

    Parameters
    ----------
    distortion : `~sunpy_lasco.instrument.distortion.Distortion`
    binning : `tuple` of `int`
        Full-resolution pixels per stored pixel, (sx, sy).

    Returns
    -------
    cards : `dict`
        A_ORDER, A_p_q, B_p_q, and the inverse AP and BP.
    scale : `float`
        Corrected pixels per raw pixel at the centre, 1 / (1 + k0).  SIP has no
        linear terms: CDELT must be multiplied by this.

    Notes
    -----
    AP and BP are the distortion itself, exact.  A and B, which
    ``pixel_to_world`` uses, are fitted to its inverse.  Being odd in both
    coordinates, all of them hold for the image turned by 180 degrees too.
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
