/* Two networks in one program: TESTED_WEIGHTS OTHER_WEIGHTS. Prints the classes that each gives
   to its samples, the networks running in turn. */
#include <stdint.h>

#include "check.h"
#include "other.h"
#include "tested.h"

enum { kCount = 3 };

int main(int count, char** words) {
    static tested_real samples[kCount * TESTED_INPUTS];
    static other_real others[kCount * OTHER_INPUTS];
    int32_t labels[kCount], other_labels[kCount];
    tested_weights* weights = NULL;
    other_weights* others_weights = NULL;
    tested_network* network = NULL;
    other_network* other = NULL;
    size_t at;
    CHECK(count == 3);
    for (at = 0; at < kCount * TESTED_INPUTS; ++at) samples[at] = (tested_real)(at * 7 % 10) / 10;
    for (at = 0; at < kCount * OTHER_INPUTS; ++at) others[at] = (other_real)(at * 7 % 10) / 10;
    FINE(tested_weights_open(words[1], &weights));
    CHECK(other_weights_open(words[1], &others_weights) == OTHER_WEIGHTS);
    CHECK(strcmp(tested_error(), "") == 0 && strcmp(other_error(), "") != 0);
    CHECK(other_weights_open(words[2], &others_weights) == OTHER_OK);
    FINE(tested_open(weights, 2, &network));
    CHECK(other_open(others_weights, 2, &other) == OTHER_OK);
    CHECK(strcmp(tested_population_name(1), other_population_name(1)) != 0);
    FINE(tested_predict(network, samples, kCount, NULL, labels, NULL, NULL, NULL));
    CHECK(other_predict(other, others, kCount, NULL, other_labels, NULL, NULL, NULL) == OTHER_OK);
    for (at = 0; at < kCount; ++at) printf("%d %d\n", (int)labels[at], (int)other_labels[at]);
    tested_close(network);
    other_close(other);
    other_weights_close(others_weights);
    tested_weights_close(weights);
    return EXIT_SUCCESS;
}
