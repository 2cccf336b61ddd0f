/* Checks of the C API's programs: what is not true ends them with a line that says where. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(EXIT_FAILURE);                                                       \
        }                                                                             \
    } while (0)

/* A call that succeeds. */
#define FINE(call)                                                                         \
    do {                                                                                   \
        if ((call) != TESTED_OK) {                                                         \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, tested_error()); \
            exit(EXIT_FAILURE);                                                            \
        }                                                                                  \
    } while (0)

/* A call that is refused with a status and one line that holds `part`. */
#define REFUSED(status, part, call)                                                       \
    do {                                                                                  \
        CHECK((call) == (status));                                                        \
        if (strstr(tested_error(), part) == NULL || strchr(tested_error(), '\n')) {       \
            fprintf(stderr, "%s:%d: received: %s\n", __FILE__, __LINE__, tested_error()); \
            exit(EXIT_FAILURE);                                                           \
        }                                                                                 \
    } while (0)

#endif
