"""
Import of parts of this package together with parts of sunpy.

Map sources and the Fido client register themselves when they are imported. Importing them with this package
would take seconds that, for example, the help of the command line does not need. They are therefore imported
when `sunpy.map` or `sunpy.net` is.
"""

import functools
import importlib
import importlib.util
import sys

__all__ = ["import_with_sunpy"]


class _Follower:
    """
    A finder for `sys.meta_path` that imports modules after others.

    It delegates to the other finders and wraps the loader that they return.
    """

    def __init__(self, followers):
        #: Awaited module -> module to import after it.
        self.followers = followers

    def find_spec(self, name, path=None, target=None):
        """The spec from the other finders, extended so that the follower is imported as well."""
        follower = self.followers.pop(name, None)
        if follower is None:
            return None
        # This finder ignores the name when it is called again.
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            self.followers[name] = follower
            return spec
        execute = spec.loader.exec_module

        @functools.wraps(execute)
        def execute_both(module):
            # The loader may also load other modules, and this one again when it is reloaded.
            del spec.loader.exec_module
            execute(module)
            importlib.import_module(follower)

        spec.loader.exec_module = execute_both
        return spec


def import_with_sunpy(followers):
    """
    Import modules as soon as others are imported, or at once if those are already imported.

    Parameters
    ----------
    followers : `dict`
        Awaited module -> module to import after it.
    """
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__qualname__ != _Follower.__qualname__]
    awaited = {}
    for name, follower in followers.items():
        if name not in sys.modules:
            awaited[name] = follower
        elif not getattr(sys.modules[name].__spec__, "_initializing", False):
            importlib.import_module(follower)
    if awaited:
        sys.meta_path.insert(0, _Follower(awaited))
