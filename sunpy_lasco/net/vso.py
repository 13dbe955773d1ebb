"""
Who answers a query for LASCO: this package's client or the Virtual Solar Observatory.

The VSO's client accepts any query of sunpy's own attrs, so that every image would
stand in the answer twice, and no query for LASCO would work while no VSO can be
reached.  On import its entry in Fido's registry is narrowed: it leaves alone what
`~sunpy_lasco.net.LASCOClient` answers.  Everything else reaches it as before: C1,
queries without a camera or without a level, other levels, other instruments.
"""

from sunpy.net import Fido
from sunpy.net.vso import VSOClient

from sunpy_lasco.config import switch
from sunpy_lasco.net.client import LASCOClient

__all__ = ["answer_alone"]

#: What was chosen in this session; None: what the setting ``keep_vso`` says.
_alone = None


def answer_alone(alone=True):
    """
    Choose whether the VSO is asked for images that this package's client finds.

    Parameters
    ----------
    alone : `bool`, optional
        True: it is not asked, as is the case after the import unless the setting
        ``keep_vso`` (`sunpy_lasco.config`) says yes.  False: it is asked as well, and
        images may stand in both blocks of the answer.

    Returns
    -------
    `bool`
        What was chosen before.
    """
    global _alone
    before, _alone = _is_alone(), bool(alone)
    return before


def _is_alone():
    return not switch("keep_vso", "no") if _alone is None else _alone


def narrow(registry_holder, general, specific):
    """
    Have one client of a factory leave alone what another one answers.

    Parameters
    ----------
    registry_holder : `~sunpy.net.fido_factory.UnifiedDownloaderFactory`
        The factory, such as ``Fido``.
    general, specific : `type`
        The clients.

    Notes
    -----
    The present validator is wrapped, so that others may do the same before or after.
    Where a module was loaded anew, as in a notebook, the client of its earlier loading
    is taken out, so that it does not answer beside the new one.
    """
    name = (specific.__module__, specific.__qualname__)
    for client in list(registry_holder.registry):
        if client is not specific and (client.__module__, client.__qualname__) == name:
            registry_holder.unregister(client)
    accepts = registry_holder.registry[general]

    def accepts_the_rest(*query):
        return accepts(*query) and not (_is_alone() and specific._can_handle_query(*query))

    registry_holder.register(general, validation_function=accepts_the_rest)


narrow(Fido, VSOClient, LASCOClient)
