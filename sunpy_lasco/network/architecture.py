"""
Architectures of networks.
"""

from dataclasses import asdict, dataclass, fields

__all__ = ["PUBLISHED", "RECOMMENDED", "RECOMMENDED_ON_FRONTS", "RECOMMENDED_WITH_NEIGHBOURS", "Architecture"]


@dataclass(frozen=True)
class Architecture:
    """A cascade of UNets of partial convolutions, and its inputs."""

    #: Channels of the encoder, from the finest scale to the coarsest.
    channels: tuple[int, ...] = (16, 32, 48, 64)
    #: Sides of the kernels of the encoder, and of the decoder from the coarsest scale.
    kernels: tuple[int, ...] = (5, 3, 3, 3)
    decoder_kernels: tuple[int, ...] = (3, 3, 3, 3)
    #: Number of pixels by which each network except the last advances the mask; there is one more network than numbers.
    advance: tuple[int, ...] = ()
    #: How features of the encoder join the decoder: ``"concatenate"`` or ``"add"``.
    skip: str = "concatenate"
    #: How the image becomes coarser: ``"stride"`` or ``"max"``.
    pool: str = "stride"
    #: ``"none"`` or ``"batch"``.
    norm: str = "none"
    #: Heads of the attention at the coarsest scale; 0 for none.
    heads: int = 0
    #: Local residual connections in the encoder and in the decoder.
    residual_encoder: bool = False
    residual_decoder: bool = False
    #: ``"residual"``: a correction of a base and the logarithm of its uncertainty;
    #: ``"unit"``: the image itself, between 0 and 1.
    output: str = "residual"
    #: ``"working"``: the working space; ``"histogram"``: equalised histograms.
    normalisation: str = "working"
    #: Pixels of a window along an axis, and stored pixels along an axis of each of them.
    size: int = 48
    step: int = 2
    #: Whether windows are turned so that the Sun is at the left.
    aligned: bool = True
    #: Whether exposures before and after take part, and whether holes are filled that none of them shows.
    neighbours: bool = False
    alone: bool = True
    #: Whether kriging along structure that lies in one direction, as a front does, is corrected where
    #: there is such structure around a hole, in place of the mixture.
    directed: bool = False

    def __post_init__(self):
        if not len(self.channels) == len(self.kernels) == len(self.decoder_kernels):
            msg = "channels, kernels and decoder_kernels must be of the same length."
            raise ValueError(msg)
        choices = {
            "skip": ("concatenate", "add"),
            "pool": ("stride", "max"),
            "norm": ("none", "batch"),
            "output": ("residual", "unit"),
            "normalisation": ("working", "histogram"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                msg = f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(allowed)}."
                raise ValueError(msg)
        if not (self.neighbours or self.alone):
            msg = "One of neighbours and alone must be true."
            raise ValueError(msg)
        coarsest = 2 ** (len(self.channels) - 1)
        if self.size % coarsest:
            msg = f"A window of {self.size} pixels cannot be halved {len(self.channels) - 1} times."
            raise ValueError(msg)
        if any(number < 1 for number in self.advance):
            msg = "Each network must advance the mask by at least one pixel, or the ring of the next is void."
            raise ValueError(msg)

    @property
    def layers(self):
        """Number of networks in the cascade, L of the paper."""
        return len(self.advance) + 1

    def to_dict(self):
        """Dictionary for JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values):
        """The architecture from `to_dict`; unknown names are an error."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            msg = f"An architecture has no {', '.join(unknown)}; it has {', '.join(sorted(known))}."
            raise ValueError(msg)
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


#: The best architectures found in trials on real frames: a network for single frames, and one for holes that exposures
#: before or after show. One network for both learns more slowly.
RECOMMENDED = Architecture()
RECOMMENDED_WITH_NEIGHBOURS = Architecture(neighbours=True, alone=False)
#: The first, with a base that follows fronts.
RECOMMENDED_ON_FRONTS = Architecture(directed=True)

#: Channels and kernels of the published network, and two of them in cascade: 121 million
#: parameters.  The paper gives no widths; these are of its public code.  The mask
#: advances by 8 pixels, a quarter of a block: with the natural update the second
#: network would have nothing to do for holes of up to 16 x 16 blocks.
PUBLISHED = Architecture(
    channels=(32, 64, 128, 256, 512, 1024),
    kernels=(9, 7, 5, 3, 3, 3),
    decoder_kernels=(9, 7, 5, 3, 3, 3),
    advance=(8,),
    skip="add",
    pool="max",
    norm="batch",
    heads=8,
    output="unit",
    normalisation="histogram",
    size=1024,
    step=1,
    aligned=False,
)
