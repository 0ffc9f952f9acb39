"""What came from the videos, and what is to be done about it."""
