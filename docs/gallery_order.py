"""Order of the examples in the gallery: by topic."""

from pathlib import Path

ORDER = (
    "first_steps",
    "search",
    "calibrate",
    "step_by_step",
    "uncertainty_and_flags",
    "missing_blocks",
    "repair_of_a_front",
    "network",
    "train",
    "differences",
    "movie",
    "speed_of_a_front",
    "front_in_all_directions",
    "mass",
    "ejection_of_2012",
    "polarisation",
    "background_and_k_corona",
    "radial_filters",
    "c2_c3_composite",
    "stars",
    "bulk_and_recipe",
    "simulated_cme",
)


class ByTopic:
    """Sort key of sphinx-gallery."""

    def __init__(self, src_dir):
        self.src_dir = src_dir

    def __call__(self, filename):
        """Place of an example; one that is not listed raises a `ValueError`."""
        return ORDER.index(Path(filename).stem.removeprefix("plot_"))
