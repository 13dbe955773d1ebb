"""
Where pixels look: pixel grids, distortion, pointing, orbit, and the cards of the WCS.
"""
