"""Requests as they come in: from the inbox, the issues and the command line, read line by line and answered."""
