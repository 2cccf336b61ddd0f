"""What presets learn from samples of the user's: how large values are, and what errors are left."""
