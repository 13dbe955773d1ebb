"""
Search and download of images: the Fido client and its parts.

Importing this package registers `LASCOClient` with `sunpy.net.Fido` and its attrs
as ``a.lasco``.
"""

from sunpy_lasco.net import attrs
from sunpy_lasco.net.archives import ARCHIVES, Archive
from sunpy_lasco.net.cache import clear_listings
from sunpy_lasco.net.client import LASCOClient
from sunpy_lasco.net.days import ListingError
from sunpy_lasco.net.image_fetch import DeliveryError
from sunpy_lasco.net.table import Gap, LASCOQueryResponse

__all__ = [
    "ARCHIVES",
    "Archive",
    "DeliveryError",
    "Gap",
    "LASCOClient",
    "LASCOQueryResponse",
    "ListingError",
    "attrs",
    "clear_listings",
]
