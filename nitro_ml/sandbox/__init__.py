"""Strangers' files, read in child processes that may crash or hang without harm."""
