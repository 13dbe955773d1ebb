# What the room offers, each imported when it is first asked for: lazy_loader reads it, and type checkers do.
from .maps import inpaint as inpaint
from .missing import find_missing_blocks as find_missing_blocks
from .missing import missing_block_mask as missing_block_mask
