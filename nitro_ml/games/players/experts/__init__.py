"""Scripted experts: they read the game's memory, and hold their buttons as people do.

No expert changes what it holds more often than every tenth of a second, and each starts a movement at a larger error
than it ends it at, so that its labels are presses and releases and not a jitter at the frame rate.
"""
