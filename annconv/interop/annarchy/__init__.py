"""The same network in ANNarchy: neurons as its text, projections as its own connections."""
