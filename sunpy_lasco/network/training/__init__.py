"""
Training of the network that repairs missing blocks.

It requires the packages of the extra ``train`` and is imported only for training.
"""
