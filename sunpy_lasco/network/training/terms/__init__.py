"""
The terms of the loss, each a class of its own.

A term is called with what the networks of a cascade say (a list of
`~sunpy_lasco.network.cascade.Stage`) and the
`~sunpy_lasco.network.tensors.Batch`; it gives a number that is
averaged over the pixels that are scored, whatever the size of frame, hole and batch.
"""
