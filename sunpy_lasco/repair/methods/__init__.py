"""Repair methods, one per module; see `sunpy_lasco.repair.crop`."""
