"""What the inverse dynamics benchmark records and prints."""
