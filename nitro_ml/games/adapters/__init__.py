"""Engines: for each an adapter behind `env.Game`, and a file with its games."""
