"""
Covered fractions of a disk.
"""

import numpy as np

__all__ = ["disk_beyond", "disk_covered"]


def disk_beyond(distance):
    """
    Part, 0 to 1, of a unit disk beyond a straight edge at a distance from its centre, negative where
    the centre lies beyond it.
    """
    d = np.clip(distance, -1.0, 1.0)
    return (np.arccos(d) - d * np.sqrt(1 - d * d)) / np.pi


def disk_covered(distance, radius):
    """
    Part, 0 to 1, of a unit disk that another disk, with a radius above 1 and at a distance between the
    centres, covers.
    """
    d = np.clip(distance, radius - 1 + 1e-9, radius + 1 - 1e-9)
    own = np.arccos(np.clip((d * d + 1 - radius**2) / (2 * d), -1, 1))
    other = np.arccos(np.clip((d * d + radius**2 - 1) / (2 * d * radius), -1, 1))
    kite = np.sqrt(np.maximum((-d + 1 + radius) * (d + 1 - radius) * (d - 1 + radius) * (d + 1 + radius), 0))
    return (own + radius**2 * other - kite / 2) / np.pi
