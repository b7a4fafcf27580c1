"""Runs of functions made visible: the audit line, and the history that is kept."""
