// A check that ends the test program with a message where it fails.
#pragma once

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            std::exit(EXIT_FAILURE);                                                       \
        }                                                                                  \
    } while (false)

// Runs a statement that must throw std::exception with a text that contains `part`.
#define CHECK_THROWS(statement, part)                                           \
    do {                                                                        \
        bool thrown = false;                                                    \
        try {                                                                   \
            statement;                                                          \
        } catch (const std::exception& error) {                                 \
            thrown = std::string(error.what()).find(part) != std::string::npos; \
        }                                                                       \
        CHECK(thrown);                                                          \
    } while (false)
