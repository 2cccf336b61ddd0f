"""Preset `annarchy`: chains of populations, as ANNarchy 5's converter builds them."""
