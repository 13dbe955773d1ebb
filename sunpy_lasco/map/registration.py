"""
Registration of the map sources with sunpy's map factory.

The factory has no priorities; two matching sources are an error. The general source is therefore restricted,
through the factory's public ``register``, to headers that the specific sources do not match.
"""

from sunpy.map import Map

__all__ = ["prefer"]


def prefer(general, *specific):
    """
    Register specific map sources, and restrict a general source to headers that none of them matches.

    It may be called again, for example when a module is reloaded: earlier sources of the same name are
    removed, and the general source is restricted only once.
    """
    registry = Map.registry
    names = {(source.__module__, source.__qualname__) for source in specific}
    for source in list(registry):
        if source not in specific and (source.__module__, source.__qualname__) in names:
            Map.unregister(source)
    matches_general = registry[general]
    while getattr(matches_general, "leaves_to", None) == names:
        matches_general = matches_general.narrowed

    def is_left_over(data, header, **kwargs):
        return matches_general(data, header, **kwargs) and not any(
            source.is_datasource_for(data, header, **kwargs) for source in specific
        )

    is_left_over.leaves_to = names
    is_left_over.narrowed = matches_general
    Map.register(general, validation_function=is_left_over)
