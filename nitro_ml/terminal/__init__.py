"""How commands and workers talk to people: tables, progress, errors in a line, and the log of the rest."""
