"""The methods of repair, each in a module of its own; see `sunpy_lasco.repair.crop`."""
