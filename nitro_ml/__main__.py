"""`python -m nitro_ml`: the `nitro` command."""

from nitro_ml.cli import main

main()
