"""
A network of partial convolutions for the repair of lost blocks.

It is imported only when a network is used; torch is imported only here and in `sunpy_lasco.network.training`.
"""
