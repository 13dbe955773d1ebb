"""
Calibration of many frames on processes and clusters, and archives as recipes.

`calibrate_files` writes a level-1 file for each of many level-0.5 files, unattended. With `write_recipe` and
`open_recipe` level 1 is made when it is accessed.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
