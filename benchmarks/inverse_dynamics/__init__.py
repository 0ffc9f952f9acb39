"""How good the inverse dynamics models are: what is recorded, measured and printed."""
