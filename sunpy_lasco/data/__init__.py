"""
Sample data: `sunpy_lasco.data.sample`.
"""

from sunpy_lasco.data import sample

__all__ = ["sample"]
