"""annconv compiles trained Keras networks into spiking networks in C++."""
