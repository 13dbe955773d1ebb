"""
Subcommands of ``sunpy-lasco``.

Each module has a function ``add_parser(subparsers)``, which names, as the default ``run``, the function that
does the work and returns the exit status. Large packages are imported by that function, so that the help
appears at once.
"""
