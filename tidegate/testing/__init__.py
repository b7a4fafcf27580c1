"""What tests of a gateway, ours or anybody's, are made with: public fakes, and generators of documents and data."""
