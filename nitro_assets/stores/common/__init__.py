"""What the stores share: how one is declared, and how the eraser recognises a video in a text."""
