/* Every function with arguments that it refuses: WEIGHTS OTHER_WEIGHTS SCRATCH_FILE. After each
   refusal the handle still gives the results that it gave before. */
#include <math.h>
#include <stdint.h>

#include "check.h"
#include "tested.h"

enum { kCount = 3 };

static tested_real samples[kCount * TESTED_INPUTS];
static int32_t labels[kCount];
static double scores[kCount * TESTED_OUTPUTS];
static int8_t emitted[65536];

typedef struct file_bytes {
    unsigned char* bytes; /* aligned */
    size_t size;
} file_bytes;

static unsigned char* aligned(size_t size) {
    void* memory = NULL;
    CHECK(posix_memalign(&memory, TESTED_ALIGNMENT, size) == 0);
    return memory;
}

static file_bytes read_file(const char* path) {
    file_bytes found;
    FILE* const file = fopen(path, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    found.size = (size_t)ftell(file);
    rewind(file);
    found.bytes = aligned(found.size);
    CHECK(fread(found.bytes, 1, found.size, file) == found.size);
    fclose(file);
    return found;
}

static void write_file(const char* path, const unsigned char* bytes, size_t size) {
    FILE* const file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* Neither from memory nor from a file. */
static void refused_weights(const char* path, const unsigned char* bytes, size_t size) {
    tested_weights* weights = (tested_weights*)emitted;
    unsigned char* const copy = aligned(size == 0 ? 1 : size); /* nothing stands behind it */
    if (size > 0) memcpy(copy, bytes, size);
    REFUSED(TESTED_WEIGHTS, "expected", tested_weights_from_memory(copy, size, &weights));
    CHECK(weights == NULL);
    free(copy);
    write_file(path, bytes, size);
    weights = (tested_weights*)emitted;
    REFUSED(TESTED_WEIGHTS, path, tested_weights_open(path, &weights));
    CHECK(weights == NULL);
}

static void check_weights(const char* path, const char* other, const char* scratch) {
    const file_bytes good = read_file(path), another = read_file(other);
    const size_t header = 128;
    tested_weights* weights = (tested_weights*)emitted;
    size_t at;
    unsigned char* shifted;
    REFUSED(TESTED_ARGUMENT, "a path", tested_weights_open(NULL, &weights));
    CHECK(weights == NULL);
    REFUSED(TESTED_ARGUMENT, "a place", tested_weights_open(path, NULL));
    REFUSED(TESTED_FILE, "No such file", tested_weights_open("absent/file", &weights));
    REFUSED(TESTED_FILE, "No such file", tested_weights_open("", &weights));
    REFUSED(TESTED_FILE, "Is a directory", tested_weights_open("/", &weights));
    CHECK(weights == NULL);
    weights = (tested_weights*)emitted;
    REFUSED(TESTED_ARGUMENT, "none", tested_weights_from_memory(NULL, 10, &weights));
    CHECK(weights == NULL);
    REFUSED(TESTED_ARGUMENT, "a place", tested_weights_from_memory(good.bytes, good.size, NULL));
    weights = (tested_weights*)emitted;
    REFUSED(TESTED_ARGUMENT, "EMBED", tested_weights_embedded(&weights));
    CHECK(weights == NULL);
    REFUSED(TESTED_ARGUMENT, "a place", tested_weights_embedded(NULL));
    tested_weights_close(NULL);

    shifted = aligned(good.size + TESTED_ALIGNMENT);
    for (at = 1; at < TESTED_ALIGNMENT; ++at) {
        memcpy(shifted + at, good.bytes, good.size);
        REFUSED(TESTED_ARGUMENT, "multiple of 64",
                tested_weights_from_memory(shifted + at, good.size, &weights));
    }
    free(shifted);

    refused_weights(scratch, another.bytes, another.size);
    refused_weights(scratch, good.bytes, 0);
    for (at = 1; at < good.size; at += at < header + 8 ? 1 : 97) {
        refused_weights(scratch, good.bytes, at);
    }
    for (at = 0; at < good.size; at += at < header + 8 ? 1 : 97) {
        good.bytes[at] ^= 0x10;
        refused_weights(scratch, good.bytes, good.size);
        good.bytes[at] ^= 0x10;
    }
    FINE(tested_weights_from_memory(good.bytes, good.size, &weights));
    tested_weights_close(weights);
    free(good.bytes);
    free(another.bytes);
}

static void check_opening(const tested_weights* weights) {
    static const int32_t wrong[] = {0, -1, 4097, INT32_MAX, INT32_MIN};
    tested_network* network = (tested_network*)emitted;
    unsigned char* const memory = aligned(TESTED_ARENA_BYTES + TESTED_ALIGNMENT);
    size_t at;
    for (at = 0; at < sizeof wrong / sizeof wrong[0]; ++at) {
        network = (tested_network*)emitted;
        REFUSED(TESTED_ARGUMENT, "threads", tested_open(weights, wrong[at], &network));
        CHECK(network == NULL);
    }
    network = (tested_network*)emitted;
    REFUSED(TESTED_ARGUMENT, "weights", tested_open(NULL, 1, &network));
    CHECK(network == NULL);
    REFUSED(TESTED_ARGUMENT, "a place", tested_open(weights, 1, NULL));
    network = (tested_network*)emitted;
    REFUSED(TESTED_ARGUMENT, "weights", tested_open_in(NULL, memory, TESTED_ARENA_BYTES, &network));
    CHECK(network == NULL);
    REFUSED(TESTED_ARGUMENT, "memory", tested_open_in(weights, NULL, TESTED_ARENA_BYTES, &network));
    REFUSED(TESTED_ARGUMENT, "a place", tested_open_in(weights, memory, TESTED_ARENA_BYTES, NULL));
    for (at = 1; at < TESTED_ALIGNMENT; ++at) {
        REFUSED(TESTED_ARGUMENT, "TESTED_ALIGNMENT",
                tested_open_in(weights, memory + at, TESTED_ARENA_BYTES, &network));
    }
    for (at = 0; at < 1024; at += 64) {
        REFUSED(TESTED_MEMORY, "TESTED_ARENA_BYTES", tested_open_in(weights, memory, at, &network));
    }
    CHECK(network == NULL);
    tested_close(NULL);
    free(memory);
}

static void check_populations(void) {
    static const int32_t wrong[] = {-1, TESTED_POPULATIONS, INT32_MAX, INT32_MIN};
    size_t at;
    int32_t population;
    for (at = 0; at < sizeof wrong / sizeof wrong[0]; ++at) {
        CHECK(tested_population_name(wrong[at]) == NULL);
        CHECK(tested_population_size(wrong[at]) == -1);
        CHECK(tested_keeps_spikes(wrong[at]) == 0);
    }
    for (population = 0; population < TESTED_POPULATIONS; ++population) {
        const int32_t size = tested_population_size(population);
        CHECK(tested_population_name(population) != NULL);
        CHECK(size > 0 && size <= (int32_t)sizeof emitted);
    }
    CHECK(tested_api_version() == TESTED_API_VERSION);
}

static int32_t good_labels[kCount];
static double good_scores[kCount * TESTED_OUTPUTS];

/* The results of before. */
static void still_runs(tested_network* network) {
    memset(labels, -1, sizeof labels);
    memset(scores, -1, sizeof scores);
    FINE(tested_predict(network, samples, kCount, NULL, labels, scores, NULL, NULL));
    CHECK(memcmp(labels, good_labels, sizeof labels) == 0);
    CHECK(memcmp(scores, good_scores, sizeof scores) == 0);
}

static int ends_early; /* whether the read-out needs no more steps some day */

static int stops(void* context, int64_t samples_done) {
    int* const calls = context;
    CHECK(samples_done >= 0 && samples_done <= kCount);
    return --*calls > 0;
}

static void check_batches(tested_network* network) {
    static const tested_real wrong[] = {(tested_real)NAN, (tested_real)INFINITY,
                                        (tested_real)-INFINITY};
    tested_options options = TESTED_DEFAULTS;
    size_t at;
    int calls;
    REFUSED(TESTED_ARGUMENT, "a network",
            tested_predict(NULL, samples, 1, NULL, labels, NULL, NULL, NULL));
    REFUSED(TESTED_ARGUMENT, "samples",
            tested_predict(network, NULL, 1, NULL, labels, NULL, NULL, NULL));
    REFUSED(TESTED_ARGUMENT, "labels",
            tested_predict(network, samples, 1, NULL, NULL, NULL, NULL, NULL));
    FINE(tested_predict(network, NULL, 0, NULL, NULL, NULL, NULL, NULL));
    for (at = 0; at < 3; ++at) {
        static const int64_t counts[] = {-1, INT64_MIN, INT64_MAX};
        REFUSED(TESTED_ARGUMENT, "samples",
                tested_predict(network, samples, counts[at], NULL, labels, NULL, NULL, NULL));
    }
    for (at = 0; at < 3; ++at) {
        static const int32_t steps[] = {0, -1, INT32_MIN};
        options.steps = steps[at];
        REFUSED(TESTED_ARGUMENT, "1 step",
                tested_predict(network, samples, 1, &options, labels, NULL, NULL, NULL));
        REFUSED(TESTED_ARGUMENT, "1 step",
                tested_predict(network, NULL, 0, &options, NULL, NULL, NULL, NULL));
    }
    options.steps = TESTED_STEPS;
    options.first_sample = UINT32_MAX - (kCount - 1);
    FINE(tested_predict(network, samples, kCount, &options, labels, NULL, NULL, NULL));
    ++options.first_sample;
    REFUSED(TESTED_ARGUMENT, "32 bits",
            tested_predict(network, samples, kCount, &options, labels, NULL, NULL, NULL));
    still_runs(network);
    for (at = 0; at < sizeof wrong / sizeof wrong[0]; ++at) {
        const size_t place = at % 2 == 0 ? 2 * TESTED_INPUTS : 3 * TESTED_INPUTS - 1;
        const tested_real good = samples[place];
        samples[place] = wrong[at];
        options.first_sample = 7; /* what is told is the sample of the call */
        REFUSED(TESTED_VALUE, "sample 2: ",
                tested_predict(network, samples, kCount, &options, labels, NULL, NULL, NULL));
        samples[place] = good;
        still_runs(network);
    }
    options.first_sample = 0;
    options.proceed = stops;
    options.context = &calls;
    for (at = 1; at <= (ends_early ? 1 : 2); ++at) { /* at once, or while a sample runs */
        calls = (int)at;
        options.steps = at == 1 ? 1 : INT32_MAX;
        REFUSED(TESTED_STOPPED, "ended from outside",
                tested_predict(network, samples, 1, &options, labels, NULL, NULL, NULL));
        CHECK(calls == 0);
        still_runs(network);
    }
}

static void check_steps(tested_network* network) {
    static tested_real input[TESTED_INPUTS];
    int32_t label = -1, population;
    tested_real bad = (tested_real)NAN;
    still_runs(network);
    REFUSED(TESTED_ARGUMENT, "a network", tested_start(NULL, samples, 0, 0));
    REFUSED(TESTED_ARGUMENT, "a network", tested_step(NULL, samples));
    REFUSED(TESTED_ARGUMENT, "a network", tested_spikes(NULL, 0, emitted));
    REFUSED(TESTED_ARGUMENT, "a network", tested_read_out(NULL, &label, NULL, NULL));
    CHECK(tested_finished(NULL) == 0 && tested_steps_run(NULL) == 0);
    REFUSED(TESTED_ARGUMENT, "started", tested_step(network, NULL));
    REFUSED(TESTED_ARGUMENT, "started", tested_step(network, samples));
    REFUSED(TESTED_ARGUMENT, "started", tested_spikes(network, 0, emitted));
    REFUSED(TESTED_ARGUMENT, "started", tested_read_out(network, &label, NULL, NULL));
    CHECK(tested_finished(network) == 0 && tested_steps_run(network) == 0);

    FINE(tested_start(network, samples, UINT64_MAX, UINT32_MAX));
    REFUSED(TESTED_ARGUMENT, "a step", tested_spikes(network, 0, emitted));
    REFUSED(TESTED_ARGUMENT, "label", tested_read_out(network, NULL, scores, NULL));
    FINE(tested_read_out(network, &label, scores, NULL));
    REFUSED(TESTED_ARGUMENT, "no input", tested_step(network, samples));
    FINE(tested_step(network, NULL));
    CHECK(tested_steps_run(network) == 1);
    REFUSED(TESTED_ARGUMENT, "a place", tested_spikes(network, 0, NULL));
    REFUSED(TESTED_ARGUMENT, "number", tested_spikes(network, -1, emitted));
    REFUSED(TESTED_ARGUMENT, "number", tested_spikes(network, TESTED_POPULATIONS, emitted));
    REFUSED(TESTED_ARGUMENT, "number", tested_spikes(network, INT32_MIN, emitted));
    for (population = 0; population < TESTED_POPULATIONS; ++population) {
        int8_t* const exact = malloc((size_t)tested_population_size(population));
        if (tested_keeps_spikes(population)) {
            FINE(tested_spikes(network, population, exact));
        } else {
            REFUSED(TESTED_ARGUMENT, "keeps its spikes", tested_spikes(network, population, exact));
        }
        free(exact);
    }

    FINE(tested_start(network, NULL, 0, 9));
    CHECK(tested_steps_run(network) == 0);
    REFUSED(TESTED_ARGUMENT, "input of the step", tested_step(network, NULL));
    memcpy(input, samples, sizeof input);
    input[TESTED_INPUTS - 1] = bad;
    REFUSED(TESTED_VALUE, "sample 9: ", tested_step(network, input));
    CHECK(tested_steps_run(network) == 0);
    FINE(tested_step(network, samples));
    /* a refused batch leaves the sample; one that runs ends it */
    REFUSED(TESTED_ARGUMENT, "samples",
            tested_predict(network, samples, -1, NULL, labels, NULL, NULL, NULL));
    FINE(tested_step(network, samples));
    CHECK(tested_steps_run(network) == 2);
    FINE(tested_predict(network, samples, 1, NULL, labels, NULL, NULL, NULL));
    REFUSED(TESTED_ARGUMENT, "started", tested_step(network, samples));
    CHECK(tested_steps_run(network) == 0);
    REFUSED(TESTED_VALUE, "sample 4: ", tested_start(network, input, 0, 4));
    REFUSED(TESTED_ARGUMENT, "started", tested_step(network, NULL));
    still_runs(network);
}

/* In the least memory that is taken, with nothing behind it. */
static void check_least_memory(const tested_weights* weights) {
    unsigned char* memory = aligned(TESTED_ARENA_BYTES);
    tested_network* network = NULL;
    size_t size = TESTED_ARENA_BYTES;
    FINE(tested_open_in(weights, memory, size, &network));
    for (; network != NULL; size -= 64) {
        tested_close(network);
        free(memory);
        memory = aligned(size - 64);
        if (tested_open_in(weights, memory, size - 64, &network) != TESTED_OK) break;
    }
    free(memory);
    memory = aligned(size);
    FINE(tested_open_in(weights, memory, size, &network));
    check_batches(network);
    check_steps(network);
    tested_close(network);
    free(memory);
}

int main(int count, char** words) {
    tested_weights* weights = NULL;
    tested_network *network = NULL, *several = NULL;
    size_t at;
    CHECK(count == 4);
    CHECK(strcmp(tested_error(), "") == 0);
    for (at = 0; at < kCount * TESTED_INPUTS; ++at) samples[at] = (tested_real)(at * 7 % 10) / 10;
    check_weights(words[1], words[2], words[3]);
    FINE(tested_weights_open(words[1], &weights));
    check_opening(weights);
    check_populations();
    FINE(tested_open(weights, 1, &network));
    FINE(tested_open(weights, 3, &several));
    FINE(tested_predict(network, samples, kCount, NULL, good_labels, good_scores, NULL, NULL));
    {
        int32_t steps_run = 0;
        tested_options options = TESTED_DEFAULTS;
        options.steps = 5000;
        FINE(tested_predict(network, samples, 1, &options, labels, NULL, NULL, &steps_run));
        ends_early = steps_run < 5000;
    }
    check_batches(network);
    check_steps(network);
    check_batches(several);
    check_steps(several);
    check_least_memory(weights);
    tested_close(several);
    tested_close(network);
    tested_weights_close(weights);
    return EXIT_SUCCESS;
}
