"""From rendered C++ to a loadable module or a program: compiler, CMake, and the cache of builds."""
