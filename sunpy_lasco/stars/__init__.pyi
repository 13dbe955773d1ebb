# What the room offers, each imported when it is first asked for: lazy_loader reads it, and type checkers do.
from .catalogue import StarFlag as StarFlag
from .catalogue import read_catalogue as read_catalogue
from .centroids import find_centroids as find_centroids
from .history import packaged_history as packaged_history
from .history import pointing_at as pointing_at
from .history import pointing_history as pointing_history
from .history import roll_at as roll_at
from .photometry import StarPhotometry as StarPhotometry
from .photometry import fit_photometry as fit_photometry
from .photometry import star_fluxes as star_fluxes
from .prediction import plot as plot
from .prediction import predict as predict
from .solution import StarSolution as StarSolution
from .solution import solve as solve
