"""
Parts of this package that are imported together with parts of sunpy.

Map sources and the Fido client register themselves when they are imported.  To import them
with this package would cost seconds for those who need neither, such as the command line's
help; so they follow `sunpy.map` and `sunpy.net`, whichever comes first.
"""

import functools
import importlib
import importlib.util
import sys

__all__ = ["import_with_sunpy"]


class _Follower:
    """
    A finder of `sys.meta_path` that has modules imported after others.

    It finds nothing by itself: it asks the other finders, and wraps the loader of what they find.
    """

    def __init__(self, followers):
        #: Module that is waited for -> module that follows it.
        self.followers = followers

    def find_spec(self, name, path=None, target=None):
        """The spec that other finders give, made to import the follower as well."""
        follower = self.followers.pop(name, None)
        if follower is None:
            return None
        # Asked again, this finder knows the name no more.
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            self.followers[name] = follower
            return spec
        execute = spec.loader.exec_module

        @functools.wraps(execute)
        def execute_both(module):
            # The loader may serve other modules, and this one once more when it is reloaded.
            del spec.loader.exec_module
            execute(module)
            importlib.import_module(follower)

        spec.loader.exec_module = execute_both
        return spec


def import_with_sunpy(followers):
    """
    Import modules as soon as others are imported; at once, where those are there already.

    Parameters
    ----------
    followers : `dict`
        Names: module that is waited for -> module that follows it.
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
