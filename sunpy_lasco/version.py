"""The version of the package."""

try:
    from sunpy_lasco._version import version
except ImportError:  # a source tree that was never built
    version = "0+unknown"

__all__ = ["version"]
