"""Errors and warnings of the package."""

from astropy.utils.exceptions import AstropyUserWarning

__all__ = [
    "ApproximationWarning",
    "AssetError",
    "BadFrameError",
    "HeaderError",
    "IncompatibleMapsError",
    "LascoError",
    "LascoUserWarning",
    "MissingAssetError",
    "NotCalibratableError",
    "OptionError",
]


class LascoError(Exception):
    """Base class of all errors of this package."""


class HeaderError(LascoError, ValueError):
    """A header lacks required cards, or has unusable values."""


class NotCalibratableError(LascoError, ValueError):
    """The image cannot be calibrated."""


class BadFrameError(LascoError, ValueError):
    """The content of a frame is implausible."""


class IncompatibleMapsError(LascoError, ValueError):
    """Maps cannot be combined, since they have different contents or a different pointing."""


class AssetError(LascoError, OSError):
    """A calibration image or table is unreadable or invalid."""


class MissingAssetError(AssetError, FileNotFoundError):
    """A calibration image or table cannot be found."""


class OptionError(LascoError, ValueError):
    """An option has an invalid value, or two options exclude each other."""


class LascoUserWarning(AstropyUserWarning):
    """A warning about something that the user can change or should know."""


class ApproximationWarning(LascoUserWarning):
    """
    A calibration had to approximate something, such as the vignetting or the pointing.

    The warning is given once per process for frames with the same approximations, and never with the setting
    ``notices = no``.
    """
