"""Types in the signatures of the public functions that are nobody's own."""

import os
from datetime import datetime
from typing import TypeAlias

import numpy as np

from astropy.time import Time

__all__ = ["PathLike", "TimeLike"]

#: A path.
PathLike: TypeAlias = str | os.PathLike[str]
#: What `astropy.time.Time` takes.
TimeLike: TypeAlias = str | Time | datetime | np.datetime64
