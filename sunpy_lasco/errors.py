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
    """Base of all errors that this package raises on its own account."""


class HeaderError(LascoError, ValueError):
    """A header lacks cards, or holds values, without which one cannot go on."""


class NotCalibratableError(LascoError, ValueError):
    """The image is not one that can be made a level-1 image."""


class BadFrameError(LascoError, ValueError):
    """The frame is of the right kind but its content cannot be right."""


class IncompatibleMapsError(LascoError, ValueError):
    """Maps that cannot be combined, since they hold different things or look at different places."""


class AssetError(LascoError, OSError):
    """A calibration image or table is unreadable, or not what it should be."""


class MissingAssetError(AssetError, FileNotFoundError):
    """A calibration image or table is nowhere to be found."""


class OptionError(LascoError, ValueError):
    """An option has a value that it cannot have, or two options do not go together."""


class LascoUserWarning(AstropyUserWarning):
    """A warning about something that the user can change or should know."""


class ApproximationWarning(LascoUserWarning):
    """
    A calibration had to approximate something, such as the vignetting or the pointing.

    A process warns once of frames with the same approximations, and not at all with the setting ``notices = no``.
    """
