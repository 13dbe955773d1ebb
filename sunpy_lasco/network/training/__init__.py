"""
Training of the network that repairs missing blocks.

It needs the packages of the extra ``train``; nothing of it is imported otherwise.
"""
