"""Video files: decoding, the one resize, and drawing the controller. A file is read as its container describes it."""
