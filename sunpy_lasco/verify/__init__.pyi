# What the room offers, each imported when it is first asked for: lazy_loader reads it, and type checkers do.
from .report import Report as Report
from .rows import Row as Row
from .rows import Verdict as Verdict
from .run import verify as verify
