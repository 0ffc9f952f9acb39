"""Requests from the issues of a GitHub repository: the poll, the calls it makes, and how far it has come."""
