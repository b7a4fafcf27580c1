"""What all SQL databases share: verbs, filters, relations and texts become SQL that builds the JSON itself."""
