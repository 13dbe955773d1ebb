"""
Missing blocks: find them, and fill them in.
"""
