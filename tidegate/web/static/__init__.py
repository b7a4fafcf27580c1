"""GraphiQL and what it needs, as published on npm: see LICENSES.txt."""
