"""
Many frames: processes and clusters that calibrate them, and archives that are kept as a recipe.

`calibrate_files` writes a level-1 file for each of many level-0.5 files, unattended; `write_recipe` and
`open_recipe` make level 1 when it is asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
