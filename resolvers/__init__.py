"""A plan and a call become a result and an outbox."""
