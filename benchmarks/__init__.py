"""Figures of nitro, each against its goal: slow, on the machine at hand, never part of the timed tests."""
