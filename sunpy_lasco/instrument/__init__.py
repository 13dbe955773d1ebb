"""
What is known of the cameras C2 and C3.

Constants, and pure functions from a header or from numbers to numbers and
arrays.  Nothing here reads or writes files, and nothing here knows of maps:
tables and images come as arguments.
"""
