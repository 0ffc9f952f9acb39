"""The scripts of the tutorials: each runs by itself in seconds, and is run by the tests."""
