"""Models of the games' worlds, learned from frames: latent actions, and dynamics under the true actions."""
