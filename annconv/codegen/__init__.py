"""Code generation: a Plan becomes C++ text."""
