"""A network as a C++ project of its own: a program and a library with a C API."""
