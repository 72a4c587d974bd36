"""Does this model see? Generated pictures, the app's own way of asking, and a verdict on the answers."""

from app.check.sight.look import finding, look

__all__ = ["finding", "look"]
