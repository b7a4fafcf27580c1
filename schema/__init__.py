"""Files become declarations, declarations become plans and a GraphQL schema."""
