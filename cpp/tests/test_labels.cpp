// Labels: the highest score, ties drawn evenly, and none where a score is not a number.
#include "annconv/labels.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "check.hpp"

namespace {

std::int64_t label(const std::vector<double>& scores, std::uint32_t sample = 0) {
    const annconv::RandomStream random(11, sample);
    return annconv::draw_label(scores.data(), static_cast<std::int32_t>(scores.size()), random);
}

// How often each class is drawn for so many samples.
std::map<std::int64_t, int> drawn(const std::vector<double>& scores, std::uint32_t samples) {
    std::map<std::int64_t, int> found;
    for (std::uint32_t sample = 0; sample < samples; ++sample) ++found[label(scores, sample)];
    return found;
}

}  // namespace

int main() {
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    CHECK(label({3}) == 0);
    CHECK(label({-2, -1, -3}) == 1);
    CHECK(label({1, 2, kInfinite}) == 2);
    CHECK(label({-kInfinite, 0}) == 1);
    for (std::size_t place = 0; place < 3; ++place) {
        std::vector<double> scores{1, 2, kInfinite};
        scores[place] = std::nan("");
        CHECK(label(scores) == annconv::kNoLabel);
    }
    CHECK((drawn({0, 7, 1}, 100) == std::map<std::int64_t, int>{{1, 100}}));
    constexpr int kSamples = 9000;
    const auto found = drawn({5, 1, 5, -5, 5}, kSamples);
    CHECK(found.size() == 3);
    for (const std::int64_t tied : {0, 2, 4}) {
        CHECK(std::abs(found.at(tied) - kSamples / 3) < 200);  // deviation: 45
    }
    return EXIT_SUCCESS;
}
