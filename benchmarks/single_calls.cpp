// One digit a call and many in a call, through the C API of a network exported as "net".
// usage: single_calls WEIGHTS VALUES STEPS THREADS TURNS
// Prints for each turn the seconds a digit takes alone and in a batch, by turns, after one turn
// that does not count.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "net.h"

namespace {

void check(net_status status) {
    if (status != NET_OK) throw std::runtime_error(net_error());
}

std::vector<net_real> values_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::vector<net_real> values(static_cast<std::size_t>(file.tellg()) / sizeof(net_real));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(net_real)));
    if (!file) throw std::runtime_error(path + ": expected a file that can be read");
    return values;
}

template <class Run>
double seconds(Run run) {
    const auto start = std::chrono::steady_clock::now();
    run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure(char** words) {
    const std::vector<net_real> values = values_of(words[2]);
    const auto count = static_cast<std::int64_t>(values.size()) / NET_INPUTS;
    net_options options = NET_DEFAULTS;
    options.steps = std::atoi(words[3]);
    net_weights* weights = nullptr;
    net_network* network = nullptr;
    check(net_weights_open(words[1], &weights));
    check(net_open(weights, std::atoi(words[4]), &network));
    std::vector<std::int32_t> labels(static_cast<std::size_t>(count));
    const auto predict = [&](std::int64_t first, std::int64_t some) {
        check(net_predict(network, values.data() + first * NET_INPUTS, some, &options,
                          labels.data() + first, nullptr, nullptr, nullptr));
    };
    for (int turn = 0; turn <= std::atoi(words[5]); ++turn) {
        const double alone = seconds([&] {
            for (std::int64_t digit = 0; digit < count; ++digit) predict(digit, 1);
        });
        const double together = seconds([&] { predict(0, count); });
        const auto digits = static_cast<double>(count);
        if (turn > 0) std::printf("%.9f %.9f\n", alone / digits, together / digits);
    }
    net_close(network);
    net_weights_close(weights);
}

}  // namespace

int main(int count, char** words) {
    if (count != 6) return 2;
    try {
        measure(words);
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}
