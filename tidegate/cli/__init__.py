"""The command line. Each command is a module; `main` is what `tidegate` starts."""

from tidegate.cli.group import main as main
