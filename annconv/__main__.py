"""`python -m annconv`: the command line without its script."""

from __future__ import annotations

import sys

from annconv.cli import main

sys.exit(main())
