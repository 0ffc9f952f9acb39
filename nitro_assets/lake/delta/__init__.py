"""What concerns Delta tables alone: opened by their address, one partition a commit, locked, purged."""
