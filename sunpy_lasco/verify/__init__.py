"""
The accuracy of the calibration as a table of measurements with limits.

`verify` uses the data in the package and those of the user: calibration images, frames, official level 1.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)
__all__ = ["Report", "Row", "Verdict", "verify"]
