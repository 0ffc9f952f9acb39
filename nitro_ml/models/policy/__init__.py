"""The vision-action policy after NitroGen (arXiv 2601.02427): one frame in, a chunk of actions out."""
