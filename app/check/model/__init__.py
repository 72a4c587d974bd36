"""Can this model be loaded by what is installed? From files, names and shapes; no weights are read."""

from app.check.model.judge import judge

__all__ = ["judge"]
