"""`python -m bithedge.cli`, the same as `run.py`."""

import sys

from bithedge.cli.main import main

sys.exit(main())
