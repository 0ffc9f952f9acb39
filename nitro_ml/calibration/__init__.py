"""What a label is worth: calibrated probabilities, a confidence per frame, and whether the game is a known one.

Everything here takes raw logits, features, truth, times and a game's name, of whatever model.
"""
