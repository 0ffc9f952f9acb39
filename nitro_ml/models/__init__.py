"""The three kinds of model: inverse dynamics, policy, world model."""
