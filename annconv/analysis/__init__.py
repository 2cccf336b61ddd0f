"""What networks probably do, estimated from their weights before anything runs."""
