"""HTTP: bytes become GraphQL requests, and answers become bytes."""
