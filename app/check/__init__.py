"""What this machine has and lacks, and whether a model can be used, each with its reason.

Nothing is imported here: a start asks the memory of what was found, and needs no more of this room.
"""
