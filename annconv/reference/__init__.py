"""The reference interpreters: what a Graph and a Network compute, in NumPy, slow and plain."""
