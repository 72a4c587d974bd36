"""What this machine has and lacks, each with its reason."""
