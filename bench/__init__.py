"""Tidegate measured beside its peers, in one run, on one database."""
