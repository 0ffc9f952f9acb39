"""The demonstration: the whole pipeline on real gameplay, offline."""
