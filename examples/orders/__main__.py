"""Entry point of ``python -m examples.orders``."""

import sys

from .main import main

sys.exit(main())
