"""One file an engine: its games behind `spec.Game`."""
