"""Neurons: equations in ANNarchy's notation, parsed into statements."""
