"""Recordings: gameplay filmed with its true inputs, as videos, truth files and shards in NitroGen's layout."""
