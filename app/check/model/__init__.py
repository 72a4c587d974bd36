"""Can this model be loaded by what is installed? From files, names and shapes; no weights are read."""
