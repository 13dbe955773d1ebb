"""
Tables of the instrument: bias, calibration factors, occulter centres, blocks.

Numbers only; the modules beside this one say what they mean.
"""

__all__ = [
    "BIAS_C2",
    "BIAS_C3",
    "BIAS_PORTS",
    "C2_FACTORS",
    "C3_FACTORS",
    "C3_H_ALPHA",
    "C3_OCCULTER_CENTRES",
    "HALO_ANOMALY",
    "HALO_HARMONICS",
    "HALO_PHASE",
    "J2000_OBLIQUITY",
    "L1_FRACTION",
    "MOON_FRACTION",
    "POLARISER_SENSE",
    "POLARISER_TRANSMISSION",
    "UNTRANSMITTED",
]

# Each row: last day (MJD) to which the segment applies, whether that day itself
# belongs to it, day of origin, coefficients in DN / day**k.  SolarSoft
# ``offset_bias``.
#: Bias of C2, port C.
BIAS_C2 = (
    (51057, True, 50079, (470.97732, 0.12792513, -3.6621933e-5)),
    (51819, False, 51099, (551.67277, 0.091365902, -1.2637790e-4, 7.4049597e-8)),
    (51915, False, 51558, (574.5788, 0.019772032)),
    (54792, False, 51915, (581.81517, 0.019221920, -2.3110489e-6)),
    (55044, False, 54792, (617.70556, 0.010290491, -6.0131545e-6)),
    (56450, False, 55044, (619.99733, 0.0059081617, -3.3932229e-7)),
    (57388, False, 56450, (627.61246, 0.0049003351, -5.3812001e-7)),
    (58571, False, 57290, (631.20515, 0.0056815108, -1.3439596e-6)),
    (58802, False, 58578, (651.50189, -0.028926206, 7.8531807e-5, -5.8964538e-8)),
    (None, False, 58802, (648.41904, -0.0020514176, 1.8072963e-5)),
)

#: Bias of C3, port C.
BIAS_C3 = (
    (50072, False, 50072, (319.0,)),
    (51057, True, 50072, (322.21639, 0.011775379, 4.4256968e-5, -3.167423e-8)),
    (51696, True, 51099, (354.50857, 0.062196067, -8.8114799e-5, 5.0505447e-8)),
    (51915, False, 51558, (369.02719, 0.014994955, -4.0873204e-6)),
    (54792, False, 51915, (374.11139, 0.010731823, -1.0726207e-6)),
    (55044, False, 54792, (395.85091, 0.0079344115, -6.2530780e-6)),
    (56170, False, 55044, (397.52040, 0.0040765192)),
    (56360, False, 56170, (407.04606, -0.024819780, 1.1694347e-4)),
    (56478, False, 56360, (406.01009, 0.0046765547, -9.912626e-7)),
    (56597, False, 56478, (406.72179, 0.0045780623, -2.3134855e-6)),
    # Some copies have the origin 56597 here; only 56478 joins the next segment.
    (57024, False, 56478, (406.77706, 0.0040538719, -1.6571028e-6)),
    (None, False, 57024, (408.38117, 0.0027558157, -1.3694218e-7)),
)

#: Bias of the other read-out ports, DN.
BIAS_PORTS = {
    "C2": {"A": 364.0, "B": 540.0, "D": 526.0},
    "C3": {"A": 314.0, "B": 346.0, "D": 283.0},
}

#: Transmission of the polarisers for unpolarised light.
POLARISER_TRANSMISSION = 0.25256

#: Sense in which the angles of the polarisers run, seen in the image as it was read out and
#: rectified: 1 is clockwise from its rows, -1 counter-clockwise.  Measured by the tangential
#: polarisation of the K corona, as the share of the signed in the unsigned pB: 0.99 and not 0.2 of C2
#: (triplet of 2000-09-03), 0.99 and not 0.0 of C3 (2012-08-31, Orange, 0 degrees from Clear).
POLARISER_SENSE = {"C2": 1, "C3": -1}

#: C2 factors in 1e-10 MSB / (DN / s): (slope per day of MJD, MJD of origin, value
#: there).  SolarSoft ``c2_calfactor`` 1.9.
C2_FACTORS = {
    "ORANGE": (4.60403e-7, 0, 0.0374116),
    "BLUE": (0.0, 0, 0.1033),
    "DEEPRD": (0.0, 0, 0.1033),
    "HALPHA": (0.0, 0, 0.01055),
    "LENS": (0.0, 0, 0.01055),
}

#: C3 factors like `C2_FACTORS`, then the factors of the 0 and -60 degree
#: polarisers relative to the +60 degree one.  SolarSoft ``c3_calfactor`` 1.17.
C3_FACTORS = {
    "ORANGE": (0.0, 0, 0.0297, 0.9648, 1.0798),
    "BLUE": (0.0, 0, 0.0975, 0.9734, 1.0613),
    "CLEAR": (7.43e-8, 50000, 5.96e-3, 0.9832, 1.0235),
    "DEEPRD": (0.0, 0, 0.0259, 0.9983, 1.0300),
    "IR": (0.0, 0, 0.0887, 0.9833, 1.0288),
}
#: C3 factor of Clear with H_Alpha in the polariser wheel, 1e-10 MSB / (DN / s).
C3_H_ALPHA = 1.541

#: Occulter centre of C3: day, x, y (SolarSoft ``c3_occltr_cntr.dat``).
C3_OCCULTER_CENTRES = (
    ("1996-08-10", 516.514, 529.717),
    ("1997-08-18", 516.527, 529.685),
    ("1998-03-29", 516.385, 529.671),
    ("1998-05-06", 516.373, 529.650),
    ("1999-02-20", 516.407, 531.172),
    ("2000-02-20", 516.408, 531.160),
    ("2000-10-20", 516.456, 531.132),
)

#: Blocks that are not transmitted: block row -> ranges of block columns, both
#: ends included, of the full frame.  The central blocks of C3 and four of C2 stand
#: in the on-board tables but are transmitted in every frame seen.
UNTRANSMITTED = {
    "C2": {
        0: ((0, 1), (30, 31)),
        1: ((0, 0), (31, 31)),
        30: ((0, 0), (31, 31)),
        31: ((0, 1), (30, 31)),
        12: ((13, 17),),
        13: ((13, 18),),
        14: ((12, 19),),
        15: ((12, 19),),
        16: ((12, 19),),
        17: ((12, 19),),
        18: ((13, 18),),
        19: ((14, 17),),
    },
    "C3": {
        0: ((0, 7), (24, 31)),
        1: ((0, 5), (26, 31)),
        2: ((0, 4), (27, 31)),
        3: ((0, 4), (29, 31)),
        4: ((0, 4), (30, 31)),
        5: ((0, 1), (30, 31)),
        6: ((0, 0), (31, 31)),
        7: ((0, 0),),
        25: ((0, 0),),
        26: ((0, 0), (31, 31)),
        27: ((0, 1), (31, 31)),
        28: ((0, 2), (30, 31)),
        29: ((0, 3), (29, 31)),
        30: ((0, 4), (28, 31)),
        31: ((0, 5), (26, 31)),
        15: ((15, 16),),
        16: ((15, 17),),
        17: ((15, 16),),
    },
}
#: The same for frames summed 2 x 2, in the block numbering of the full frame.
UNTRANSMITTED_HALF = {
    "C2": {
        12: ((14, 17),),
        13: ((14, 17),),
        14: ((12, 19),),
        15: ((12, 19),),
        16: ((12, 19),),
        17: ((12, 19),),
        18: ((14, 17),),
        19: ((14, 17),),
    },
    "C3": {
        0: ((0, 5), (26, 31)),
        1: ((0, 5), (26, 31)),
        2: ((0, 3), (30, 31)),
        3: ((0, 3), (30, 31)),
        4: ((0, 1), (30, 31)),
        5: ((0, 1), (30, 31)),
        28: ((0, 1), (30, 31)),
        29: ((0, 1), (30, 31)),
        30: ((0, 3), (28, 31)),
        31: ((0, 3), (28, 31)),
    },
}

#: Obliquity of the ecliptic of J2000, degree (IAU 1976: 84381.448 arcsec), by which Horizons, SPICE
#: and the orbit files of the SOHO archive turn the equator into the ecliptic.
J2000_OBLIQUITY = 84381.448 / 3600
#: Distance of L1, and on average of SOHO, from the Sun in units of that of the Earth.
L1_FRACTION = 0.99
#: Mass of the Moon over that of Earth and Moon (0.0123000371 of the Earth's).
MOON_FRACTION = 0.0123000371 / 1.0123000371

# SOHO's halo orbit about L1, fitted to an orbit through sampled rows of JPL Horizons (target -21,
# 1996 to 2026).
#: Origin (Julian day TDB) and period (d) of the phase of the halo.
HALO_PHASE = (2452561.4, 177.85)
#: Origin (Julian day TDB) and period (d) of the anomaly of the Earth.
HALO_ANOMALY = (2450086.5, 365.25964)
#: Offset from `L1_FRACTION` times the vector from the Sun to the barycentre of Earth and Moon,
#: km at a distance of that barycentre of 1 au, and scaling with it: outwards, along the motion of
#: the Earth, to the north of its orbit.  Three rows each (constant, cosine and sine of the
#: anomaly) for 1, cos p, sin p, cos 2p, sin 2p, cos 3p, sin 3p of the phase p.
HALO_HARMONICS = (
    (59459.0, -44.7, -18437.4),
    (229.4, -14.8, -296.5),
    (-8.5, 343.1, -49.5),
    (-209496.6, 39096.0, -113618.5),
    (-2778.9, 400.1, -146.3),
    (692.6, 37022.3, 204.4),
    (12320.7, 664955.9, 5937.4),
    (205.1, 3199.0, 132.5),
    (11558.5, -2151.6, 6406.4),
    (-24418.4, -1676.3, 5825.1),
    (-143.7, 31.3, 156.8),
    (318.3, -1359.9, -160.2),
    (2883.8, -14036.4, -639.7),
    (61.9, -288.0, 37.2),
    (2726.6, 229.6, -537.0),
    (2919.2, 592.0, -903.4),
    (53.3, 16.2, -17.9),
    (-105.0, 519.7, 41.6),
    (-532.2, 3331.1, 170.5),
    (4.0, 41.3, -9.6),
    (-452.0, -61.6, 146.1),
)
