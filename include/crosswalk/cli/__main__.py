"""`python -m crosswalk.cli`."""

import sys

from crosswalk.cli import main

sys.exit(main())
