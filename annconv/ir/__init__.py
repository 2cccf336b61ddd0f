"""Intermediate representations: Graph (what the ANN computes) and Network (the spiking network)."""
