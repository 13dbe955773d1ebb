"""
The terms of the loss, each a class of its own.

A term is called with the output of the networks of a cascade (a list of
`~sunpy_lasco.network.cascade.Stage`) and the
`~sunpy_lasco.network.tensors.Batch`.  It returns an average over the scored pixels, independent of the size of frame,
hole and batch.
"""
