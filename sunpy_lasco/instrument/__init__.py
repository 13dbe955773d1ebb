"""
Properties of the cameras C2 and C3.

This package holds constants, and pure functions of headers, numbers and arrays. It reads and writes no files
and does not use maps: tables and images are arguments.
"""
