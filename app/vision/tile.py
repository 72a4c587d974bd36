"""From a frame to the one square tile that the vision tower takes."""

import cv2
from PIL import Image

from app.flow import Pixels


def tile(pixels: Pixels, edge: int) -> Image.Image:
    """Squeeze a frame (RGB, H×W×3 uint8) into an edge×edge picture.

    The aspect ratio is not kept, as SmolVLM's own processor does not keep it for a single tile.
    """
    is_smaller = min(pixels.shape[:2]) < edge
    how = cv2.INTER_LINEAR if is_smaller else cv2.INTER_AREA
    return Image.fromarray(cv2.resize(pixels, (edge, edge), interpolation=how))
