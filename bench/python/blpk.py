"""The command of Python's bloscpack: blpk.py ARGUMENT..."""

import sys

from peers import import_bloscpack

if __name__ == "__main__":
    import_bloscpack()
    from bloscpack.cli import main

    sys.argv[0] = "blpk"
    sys.exit(main())
