"""The benchmarks are programs of the checkout, so they are imported from there."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
