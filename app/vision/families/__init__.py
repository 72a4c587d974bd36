"""ADD A FAMILY OF MODELS: one file, one line in the table of table.py. What is in no line is served by generic.py."""
