# What the room offers, each imported when it is first asked for: lazy_loader reads it, and type checkers do.
from .inputs import find_inputs as find_inputs
from .journal import read_journal as read_journal
from .recipe import Recipe as Recipe
from .recipe import open_recipe as open_recipe
from .recipe import write_recipe as write_recipe
from .run import BulkReport as BulkReport
from .run import calibrate_files as calibrate_files
