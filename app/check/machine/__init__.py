"""What this machine has and lacks, model, cameras and voice included."""

from app.check.machine.gather import findings

__all__ = ["findings"]
