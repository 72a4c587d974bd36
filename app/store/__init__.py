"""Models on disk: the registry, the lock file, fetching and converting.

Only what a start needs is named here; fetch.py, hub.py and convert.py are for install.sh.
"""

from app.store.auto import choose, machine_memory
from app.store.cards import card_for
from app.store.lock import Trust, verify
from app.store.registry import locate, registered

__all__ = ["Trust", "card_for", "choose", "locate", "machine_memory", "registered", "verify"]
