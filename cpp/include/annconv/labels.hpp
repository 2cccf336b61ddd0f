// From the scores of the output neurons to one class: the highest, ties drawn with the seed.
// annconv/readouts/labels.py draws the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "annconv/philox.hpp"

namespace annconv {

constexpr std::int64_t kNoLabel = -1;  // of a sample with a score that is not a number

// The class of a sample. Among equal scores that one is drawn whose place is floor(u * ties), u
// being the sample's number of a step and a population that no simulation has.
inline std::int64_t draw_label(const double* scores, std::int32_t classes,
                               const RandomStream& random) {
    constexpr std::uint32_t kTieStep = 0xFFFFFFFF, kTiePopulation = 0xFFFF, kTieDraw = 0xFFFF;
    if (std::any_of(scores, scores + classes, [](double score) { return std::isnan(score); })) {
        return kNoLabel;
    }
    const double* const highest = std::max_element(scores, scores + classes);
    auto ties = std::count(scores, scores + classes, *highest);
    if (ties == 1) return highest - scores;
    const double number = random.uniform(0, kTieStep, kTiePopulation, kTieDraw);
    auto before = static_cast<std::int64_t>(std::floor(number * static_cast<double>(ties)));
    std::int64_t label = highest - scores;
    while (before > 0) {
        ++label;
        if (scores[label] == *highest) --before;
    }
    return label;
}

}  // namespace annconv
