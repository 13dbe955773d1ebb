"""
Products of calibrated images: sequences, differences, backgrounds, masses.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["exposure", "medians", "places", "thomson"],
    submod_attrs={
        "backgrounds": [
            "background",
            "between_backgrounds",
            "group_by_state",
            "write_background",
        ],
        "differences": ["base_difference", "percent_difference", "running_difference"],
        "cleaning": ["find_cosmic_rays", "remove_cosmic_rays", "remove_stars"],
        "composites": ["Composite", "composite"],
        "coronas": ["f_corona", "k_corona", "separate_by_roll"],
        "drag": ["DragFit", "fit_drag"],
        "filters": ["radial_filter"],
        "fronts": ["Front", "front_around"],
        "height_time": ["HeightTime", "JMap", "draw_jmaps", "fit_height_time", "jmap", "track"],
        "mass": [
            "ExcessMass",
            "column_density",
            "excess_mass",
            "kinetic_energy",
            "mass_image",
            "potential_energy",
        ],
        "movies": ["movie"],
        "picking": ["Picker", "pick"],
        "pictures": ["Look", "draw", "picture"],
        "polar": ["polar_unwrap"],
        "polarization": ["Polarization", "polarize"],
        "sequence": ["Sequence"],
        "sequence_files": ["read_sequence", "write_sequence"],
    },
)
