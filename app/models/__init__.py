"""Models on disk: the registry, the lock file, fetching and converting, and the headers of model files.

Only what a start needs is named here; install.py, hub.py and convert.py are for install.sh.
"""

from app.models.lockfile import Trust, verify
from app.models.registry import card_for, choose, locate, machine_memory, registered

__all__ = ["Trust", "card_for", "choose", "locate", "machine_memory", "registered", "verify"]
