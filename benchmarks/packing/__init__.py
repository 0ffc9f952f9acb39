"""Packed footage: its size and likeness, the memory and pace of reading it, and what erasing one video takes."""
