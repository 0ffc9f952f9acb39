"""Carrying a plan out, step by step; it may be killed anywhere."""
