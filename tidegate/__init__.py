"""Tidegate: a realtime GraphQL gateway made from a folder of text files."""

__version__ = "0.1.0"
