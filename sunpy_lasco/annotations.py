"""Types used in the signatures of public functions."""

import os
from datetime import datetime
from typing import TypeAlias

import numpy as np

from astropy.time import Time

__all__ = ["PathLike", "TimeLike"]

#: A path.
PathLike: TypeAlias = str | os.PathLike[str]
#: Anything that `astropy.time.Time` accepts.
TimeLike: TypeAlias = str | Time | datetime | np.datetime64
