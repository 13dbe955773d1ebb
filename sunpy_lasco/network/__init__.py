"""
A network of partial convolutions that repairs what classical fills leave open.

Nothing here is imported unless a network is asked for, and only here and in
`sunpy_lasco.network.training` is torch imported.
"""
