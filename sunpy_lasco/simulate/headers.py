"""
Level-0.5 headers as the ground software wrote them over the years.
"""

import numpy as np

import astropy.units as u
from astropy.io.fits import Header
from astropy.time import Time

from sunpy_lasco.instrument.cameras import CAMERAS, FIRST_COLUMN, FIRST_ROW, FULL_FRAME
from sunpy_lasco.simulate.telemetry import COMPRESSION_SCALE

__all__ = ["FIRST_ONE_BASED", "FIRST_REAL_POINTING", "FIRST_UNRECTIFIED", "PLACEHOLDERS", "level05_header"]

#: Processing date from which CRPIX counts from 1.
FIRST_ONE_BASED = Time("2010-09-15")
#: Processing date from which CRPIX and CROTA1 hold the pointing of the exposure.
FIRST_REAL_POINTING = Time("2010-11-08")
#: Processing date from which frames of the rolled spacecraft have RECTIFY = 'FALSE'.
FIRST_UNRECTIFIED = Time("2016-05-11")
#: Exposures of C2 between these times carry placeholders for their pointing.
PLACEHOLDERS = (Time("2025-08-21T15:48:00"), Time("2025-08-31T23:36:00"))
#: CRPIX of all frames processed before `FIRST_REAL_POINTING`, by camera and last processing date.
OLD_CENTRES = {
    "C2": ((None, (512.634, 505.293)),),
    "C3": ((Time("2001-01-01"), (517.784, 530.989)), (None, (517.95599, 532.63202))),
}
#: OFFSET, predicted when the file was made, differs from the bias by some DN.
OFFSET_ERROR = -1.7
#: Day (MJD) from which OBT_TIME counts seconds of TAI, 1958-01-01.
OBT_ORIGIN = 36204
#: CCD coordinates of port C: P = 1044 - R with the axes exchanged.
_TURN = FIRST_COLUMN + FULL_FRAME

_COMMENT = "Using SOHO roll + offset and suncenter estimate"


def compression_letters(parameters):
    """The flag letters of COMPRSSN."""
    summed = "U" if parameters.binning != (1, 1) else ""
    method = "R" if not parameters.has("lossy") else "%" if parameters.detector == "C2" else "#"
    return f"X{'' if parameters.has('untransmitted') else 'Z'}{summed}{method}"


def has_placeholders(parameters):
    """Whether the pointing cards of this exposure were never filled in."""
    first, last = PLACEHOLDERS
    return parameters.detector == "C2" and first <= parameters.time <= last


def _pointing(parameters, shape):
    """CRPIX1, CRPIX2, CROTA1, CDELT1, CDELT2 and their comment."""
    camera = CAMERAS[parameters.detector]
    sx, sy = parameters.binning
    if parameters.processed < FIRST_REAL_POINTING:
        centre = next(
            centre for last, centre in OLD_CENTRES[parameters.detector] if last is None or parameters.processed < last
        )
        one = float(parameters.processed >= FIRST_ONE_BASED)
        roll = 180.0 if abs(parameters.roll) > 90 else 0.0
        reference = centre[0] / sx + one, centre[1] / sy + one
        return *reference, roll, camera.plate_scale * sx, camera.plate_scale * sy, ""
    # The newer software ignores sums: CRPIX is for full resolution, and both sums are in both
    # CDELT.
    scale = camera.plate_scale * sx * sy
    if has_placeholders(parameters):
        return (shape[1] + 1) / 2, (shape[0] + 1) / 2, 0.0, scale, scale, _COMMENT
    reference = (round(c + 1, 3) for c in parameters.sun_centre)
    return *reference, float(f"{parameters.roll:.6g}"), scale, scale, _COMMENT


def _statistics(data):
    """DATAMIN to DATAP99, over all pixels that are not zero."""
    valid = data[data != 0].astype(float)
    if not valid.size:
        valid = np.zeros(1)
    cards = [
        ("DATAMIN", float(valid.min())),
        ("DATAMAX", float(valid.max())),
        ("DATAZER", int((data == 0).sum())),
        ("DATASAT", 0),
        ("DATAAVG", float(f"{valid.mean():.6g}")),
        ("DATASIG", float(f"{valid.std():.6g}")),
    ]
    percents = (1, 10, 25, 75, 90, 95, 98, 99)
    return cards + [(f"DATAP{p:02d}", int(v)) for p, v in zip(percents, np.percentile(valid, percents), strict=True)]


def level05_header(parameters, data):
    """
    Header of a simulated level-0.5 image, with the cards of the real files in their order.

    It reproduces the software of the date ``parameters.processed``. SolarSoft ``make_fits_hdr`` and
    ``reduce_level_05``.
    """
    p = parameters
    camera = CAMERAS[p.detector]
    sx, sy = p.binning
    x0, y0 = p.corner
    r1 = FIRST_COLUMN + x0, FIRST_ROW + y0
    r2 = r1[0] + data.shape[1] * sx - 1, r1[1] + data.shape[0] * sy - 1
    day, clock = p.time.isot.replace("-", "/").split("T")
    middle = p.time + p.exptime / 2 * u.s
    mid_date = int(np.floor(middle.mjd))
    telemetry = (p.time + (p.exptime + 50.0) * u.s).strftime("%y%m%d_%H%M%S")
    close = 2.09 + 1e-5 * (int(p.time.mjd * 1e5) % 900)
    opened = p.exptime - close
    minutes = int(np.floor(p.time.mjd * 1440))
    crpix1, crpix2, crota, cdelt1, cdelt2, comment = _pointing(p, data.shape)
    rolled = abs(p.roll) > 90
    rectify = "FALSE" if rolled and p.processed >= FIRST_UNRECTIFIED else "TRUE"
    cards = [
        ("FILENAME", f"{camera.digit}2{minutes % 1000000:06d}.fts"),
        ("FILEORIG", f"{telemetry}.img"),
        ("DATE", p.processed.isot.replace("-", "/").replace("T", " ")),
        ("DATE-OBS", day),
        ("TIME-OBS", clock),
        ("P1COL", _TURN - r2[1]),
        ("P1ROW", _TURN - r2[0]),
        ("P2COL", _TURN - r1[1]),
        ("P2ROW", _TURN - r1[0]),
        ("VERSION", 2),
        ("EXPTIME", p.exptime),
        ("EXP0", float(f"{opened:.6g}")),
        ("EXPCMD", float(np.floor(opened))),
        ("EXP1", 1.88428),
        ("EXP2", 2.08789),
        ("EXP3", float(f"{close:.6g}")),
        ("TELESCOP", "SOHO"),
        ("INSTRUME", "LASCO"),
        ("DETECTOR", p.detector),
        ("READPORT", p.port),
        ("SUMROW", p.chip_sum[1] if p.chip_sum != (1, 1) else 0),
        ("SUMCOL", p.chip_sum[0] if p.chip_sum != (1, 1) else 0),
        ("LEBXSUM", p.leb_sum[0]),
        ("LEBYSUM", p.leb_sum[1]),
        ("SHUTTR", 0),
        ("LAMP", 0),
        ("FILTER", p.filter),
        ("POLAR", p.polar),
        ("LP_NUM", "Normal" if p.polar == "Clear" else "Seq PW"),
        ("OS_NUM", 3390),
        ("IMGCTR", minutes % 2048),
        ("IMGSEQ", 0),
        ("COMPRSSN", compression_letters(p)),
    ]
    if p.has("lossy"):
        cards.append(("HCOMP_SF", COMPRESSION_SCALE[p.detector]))
    cards += [
        ("MID_DATE", mid_date),
        ("MID_TIME", float(f"{(middle.mjd - mid_date) * 86400:.6g}")),
        ("PLATESCL", camera.plate_scale),
        ("OFFSET", round(p.nominal_bias + OFFSET_ERROR, 3)),
        ("IMAGE_CT", minutes % 2048),
        ("SEQ_NUM", 0),
        ("OBT_TIME", round(float((p.time.tai.mjd - OBT_ORIGIN) * 86400), 2)),
        ("R1COL", r1[0]),
        ("R1ROW", r1[1]),
        ("R2COL", r2[0]),
        ("R2ROW", r2[1]),
        ("EFFPORT", p.port),
        ("RECTIFY", rectify),
        *_statistics(data),
        ("CRPIX1", crpix1, comment),
        ("CRPIX2", crpix2),
        ("CRVAL1", 0.0),
        ("CRVAL2", 0.0),
        ("CROTA1", crota, comment),
        ("CROTA2", crota),
        ("CTYPE1", "SOLAR-X"),
        ("CTYPE2", "SOLAR-Y"),
        ("CUNIT1", "ARCSEC"),
        ("CUNIT2", "ARCSEC"),
        ("CDELT1", cdelt1),
        ("CDELT2", cdelt2),
    ]
    header = Header()
    bits = {"i": 8, "u": 8, "f": -8}[data.dtype.kind] * data.dtype.itemsize
    header["SIMPLE"] = (True, "Simulated by sunpy_lasco")
    header["BITPIX"] = bits
    header["NAXIS"] = 2
    header["NAXIS1"], header["NAXIS2"] = data.shape[1], data.shape[0]
    for card in cards:
        header.append(card, end=True)
    header.add_history("V15 18 Jun 1997 MAKE_FITS_HDR")
    header.add_history("Simulated image: not an observation.")
    return header
