"""`python -m tersenet`, the same as `tersenet`."""

import sys

from tersenet.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
