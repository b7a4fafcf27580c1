"""The words that all parts of Tidegate are written in: no I/O, nothing from outside the standard library."""
