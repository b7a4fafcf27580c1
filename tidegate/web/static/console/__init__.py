"""The console: its page, styles and modules, as they are served."""
