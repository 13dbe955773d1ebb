"""Repair of what was lost in telemetry."""

from sunpy_lasco.inpainting.missing import find_missing_blocks, missing_block_mask
from sunpy_lasco.inpainting.operation import inpaint

__all__ = ["find_missing_blocks", "inpaint", "missing_block_mask"]
