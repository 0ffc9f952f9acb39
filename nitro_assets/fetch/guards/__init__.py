"""What every fetch is held to: which addresses, how fast, how long, how much disk; and why something is refused."""
