"""
Making sunpy's map factory choose our sources.

The factory takes no source before another: two that match are an error.  So the
general source is narrowed to what the specific ones leave, by the factory's
public ``register``.
"""

from sunpy.map import Map

__all__ = ["prefer"]


def prefer(general, *specific):
    """
    Offer a general map source only where none of the specific ones, for some of its headers, matches;
    all are registered.

    May be called again, as when a module is reloaded: sources of the same name from an earlier loading
    are taken out, and the general source is narrowed once only.
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
