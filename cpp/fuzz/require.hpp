// What a fuzzer holds its inputs to: where it is not true, the input is kept as one that crashes.
#pragma once

#include <cstdio>
#include <cstdlib>

#define REQUIRE(condition)                                                                 \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                  \
        }                                                                                  \
    } while (false)
