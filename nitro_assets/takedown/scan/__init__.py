"""Is anything left? The scanner shares no code with the planning or the erasing."""
