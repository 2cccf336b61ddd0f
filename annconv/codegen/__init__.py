"""Code generation: a pure function from a Plan to the text of C++ files."""
