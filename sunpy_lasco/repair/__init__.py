"""Repair of blocks that were lost in telemetry."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"maps": ["inpaint"], "missing": ["find_missing_blocks", "missing_block_mask"]},
)
