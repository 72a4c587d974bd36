"""Models on disk: the registry, the lock file, fetching and converting."""
