"""What the machine has to spare: battery or plug, cool or hot. One file a system, and the thread that asks."""
