"""Run time: loads built extensions and runs samples through them."""
