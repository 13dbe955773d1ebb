"""
Flags that say of each pixel what it is worth.

The bits are those that travel in the level-1 file; a pixel may carry several.
"""

from astropy.nddata.bitmask import BitFlagNameMap, extend_bit_flag_map

__all__ = ["FLAG_MEANINGS", "PixelFlag"]

#: Bits of the per-pixel flags, by name: ``PixelFlag.MISSING`` is 1.
PixelFlag = extend_bit_flag_map(
    "PixelFlag",
    BitFlagNameMap,
    MISSING=1,
    UNTRANSMITTED=2,
    MASKED=4,
    SATURATED=8,
    FILLED=16,
    OUTSIDE=32,
)

#: What each flag says, for headers and documentation.
FLAG_MEANINGS = {
    "MISSING": "lost in telemetry or in transfer",
    "UNTRANSMITTED": "in a block that is not sent on purpose",
    "MASKED": "behind occulter or pylon, or beyond the field",
    "SATURATED": "saturated, or bled into by a saturated pixel",
    "FILLED": "value estimated from other pixels",
    "OUTSIDE": "its source lies outside the detector",
}
