"""Passes: rewrites that make a network faster and leave its spikes as they are."""
