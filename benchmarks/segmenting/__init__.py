"""What the segment benchmark records, and how its classifier is fitted."""
