"""Touches become live queries, emissions become rooms."""
