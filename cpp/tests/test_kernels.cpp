// Kernel templates on cases small enough to compute by hand.
#include "annconv/kernels/convolution.hpp"
#include "annconv/kernels/dense.hpp"
#include "annconv/kernels/elementwise.hpp"
#include "annconv/kernels/pooling.hpp"

#include <cstdint>
#include <vector>

#include "check.hpp"

using annconv::Extents;
using annconv::Output;

namespace {

// Three cells in a row, one channel, windows of two, padding of one in front.
struct Row {
    static constexpr Extents kIn{1, 1, 3};
    static constexpr Extents kOut{1, 1, 3};
    static constexpr Extents kSize{1, 1, 2};
    static constexpr Extents kStride{1, 1, 1};
    static constexpr Extents kPad{0, 0, 1};
    static constexpr Extents kDilation{1, 1, 1};
    static constexpr int kChannelsIn = 1;
    static constexpr int kChannelsOut = 1;
    static constexpr int kGroups = 1;
    static constexpr int kChannels = 1;
};

// One cell, four channels in two groups, four channels out.
struct Groups {
    static constexpr Extents kIn{1, 1, 1};
    static constexpr Extents kOut{1, 1, 1};
    static constexpr Extents kSize{1, 1, 1};
    static constexpr Extents kStride{1, 1, 1};
    static constexpr Extents kPad{0, 0, 0};
    static constexpr Extents kDilation{1, 1, 1};
    static constexpr int kChannelsIn = 4;
    static constexpr int kChannelsOut = 4;
    static constexpr int kGroups = 2;
};

struct Matrix {
    static constexpr int kInputs = 2;
    static constexpr int kOutputs = 3;
};

struct Padding {
    static constexpr Extents kIn{1, 1, 2};
    static constexpr Extents kOut{1, 2, 4};
    static constexpr Extents kPad{0, 1, 1};
    static constexpr int kChannels = 1;
};

struct Place {
    static constexpr int kCells = 2;
    static constexpr int kChannelsIn = 1;
    static constexpr int kChannelsOut = 3;
    static constexpr int kStart = 1;
};

struct Repeat {
    static constexpr Extents kIn{1, 1, 2};
    static constexpr Extents kOut{1, 2, 4};
    static constexpr Extents kFactors{1, 2, 2};
    static constexpr int kChannels = 1;
};

struct Pair {
    static constexpr int kSize = 2;
    static constexpr int kFactors = 2;
};

using Reals = std::vector<double>;

void check_windows() {
    const Reals input = {1, 2, 4};
    const Reals kernel = {10, 1};
    Reals output = {100, 100, 100};
    annconv::convolve<Row, Output::kWrite>(input.data(), kernel.data(), output.data());
    CHECK((output == Reals{1, 12, 24}));
    annconv::convolve<Row, Output::kAdd>(input.data(), kernel.data(), output.data());
    CHECK((output == Reals{2, 24, 48}));
    const Reals negative = {-1, -2, -4};
    annconv::max_pool<Row, Output::kWrite>(negative.data(), output.data());
    CHECK((output == Reals{-1, -1, -2}));
    annconv::mean_pool<Row, Output::kWrite>(input.data(), output.data());
    CHECK((output == Reals{1, 1.5, 3}));
}

void check_matrices() {
    const std::vector<std::int8_t> spikes = {1, 0};
    const Reals weights = {1, 2, 3, 4, 5, 6};
    Reals output = {9, 9, 9};
    annconv::multiply<Matrix, Output::kWrite>(spikes.data(), weights.data(), output.data());
    CHECK((output == Reals{1, 2, 3}));
    const Reals values = {2, 1};
    annconv::multiply<Matrix, Output::kAdd>(values.data(), weights.data(), output.data());
    CHECK((output == Reals{7, 11, 15}));

    const Reals channels = {1, 2, 3, 4};  // kernel rows are the inputs of a group
    const Reals kernel = {1, 10, 100, 1000, 2, 20, 200, 2000};
    Reals grouped(4);
    annconv::convolve<Groups, Output::kWrite>(channels.data(), kernel.data(), grouped.data());
    CHECK((grouped == Reals{1 + 2 * 2, 10 + 2 * 20, 3 * 100 + 4 * 200, 3 * 1000 + 4 * 2000}));
}

void check_elementwise() {
    const Reals input = {1, 2};
    const Reals factors = {3, 5};
    Reals pair(2);
    annconv::scale<Pair, Output::kWrite>(input.data(), factors.data(), pair.data());
    CHECK((pair == Reals{3, 10}));
    annconv::transfer<Pair, Output::kAdd>(input.data(), pair.data());
    CHECK((pair == Reals{4, 12}));
    const double third = 1.0 / 3.0;  // times 3 it is 1 - 2^-54, which rounds to 1
    const Reals thirds = {third, third};
    Reals sums = {-1, -1};
    annconv::scale_fused<Pair, Output::kAdd>(thirds.data(), Reals{3, 6}.data(), sums.data());
    CHECK((sums == Reals{-0x1p-54, 1 - 0x1p-53}));
    Reals passed = {0, 0};
    annconv::increase<Pair, Output::kWrite>(input.data(), passed.data(), pair.data());
    CHECK((pair == Reals{1, 2}));
    annconv::increase<Pair, Output::kWrite>(input.data(), passed.data(), pair.data());
    CHECK((pair == Reals{0, 0}));

    Reals eight(8, 7);
    annconv::pad<Padding, Output::kWrite>(input.data(), eight.data());
    CHECK((eight == Reals{0, 0, 0, 0, 0, 1, 2, 0}));
    annconv::upsample<Repeat, Output::kWrite>(input.data(), eight.data());
    CHECK((eight == Reals{1, 1, 2, 2, 1, 1, 2, 2}));
    Reals six(6, 7);
    annconv::place_channels<Place, Output::kWrite>(input.data(), six.data());
    CHECK((six == Reals{0, 1, 0, 0, 2, 0}));
    const std::int32_t places[] = {1, -1};
    annconv::gather<Pair, Output::kWrite>(input.data(), places, pair.data());
    CHECK((pair == Reals{2, 0}));
}

}  // namespace

int main() {
    check_windows();
    check_matrices();
    check_elementwise();
    return EXIT_SUCCESS;
}
