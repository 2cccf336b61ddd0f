"""Read-outs: how the output population becomes a class."""
