"""Preset `rate`: a count of spikes over time for every value of the trained network."""
