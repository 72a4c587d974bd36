"""What a picture is here. Apart from `flow`, so that the terminal is alive before NumPy is imported (0.2 s)."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""RGB, H×W×3, uint8."""
