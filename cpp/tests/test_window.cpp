// Which cells a window covers, counted by hand and by testing every tap.
#include "annconv/kernels/window.hpp"

#include <vector>

#include "annconv/kernels/pooling.hpp"
#include "check.hpp"

using annconv::Extents;

namespace {

// One axis, padded in front: a shape that was compiled wrongly at -O3 for AVX-512.
struct Pairs {
    static constexpr Extents kIn{1, 1, 3}, kOut{1, 1, 3}, kSize{1, 1, 2}, kStride{1, 1, 1};
    static constexpr Extents kPad{0, 0, 1}, kDilation{1, 1, 1};
    static constexpr int kChannels = 2;
};

struct Wide {
    static constexpr Extents kIn{3, 5, 4}, kOut{2, 4, 6}, kSize{2, 3, 3}, kStride{2, 1, 1};
    static constexpr Extents kPad{1, 2, 3}, kDilation{1, 1, 2};
};

struct Outside {
    static constexpr Extents kIn{1, 1, 2}, kOut{1, 1, 4}, kSize{1, 1, 2}, kStride{1, 1, 3};
    static constexpr Extents kPad{0, 0, 4}, kDilation{1, 1, 3};
};

// The taps at every position of the output are those that lie inside the input.
template <class Shape>
void compare_taps() {
    annconv::for_each_position<Shape>([](const Extents& out, int) {
        std::vector<int> expected, received;
        int tap = 0;
        for (int d = 0; d < Shape::kSize[0]; ++d) {
            for (int r = 0; r < Shape::kSize[1]; ++r) {
                for (int c = 0; c < Shape::kSize[2]; ++c, ++tap) {
                    const int taps[] = {d, r, c};
                    int cell = 0;
                    bool inside = true;
                    for (std::size_t axis = 0; axis < 3; ++axis) {
                        const int place = out[axis] * Shape::kStride[axis] - Shape::kPad[axis] +
                                          taps[axis] * Shape::kDilation[axis];
                        inside = inside && place >= 0 && place < Shape::kIn[axis];
                        cell = cell * Shape::kIn[axis] + place;
                    }
                    if (!inside) continue;
                    expected.push_back(cell);
                    expected.push_back(tap);
                }
            }
        }
        annconv::for_each_tap<Shape>(out, [&](int cell, int which) {
            received.push_back(cell);
            received.push_back(which);
        });
        CHECK(received == expected);
    });
}

}  // namespace

int main() {
    compare_taps<Pairs>();
    compare_taps<Wide>();
    compare_taps<Outside>();

    const double values[] = {1.0, 2.0, 3.0, 6.0, 5.0, 8.0};
    double means[6] = {};
    annconv::mean_pool<Pairs, annconv::Output::kWrite>(values, means);
    const double expected[] = {1.0, 2.0, 2.0, 4.0, 4.0, 7.0};
    for (int index = 0; index < 6; ++index) CHECK(means[index] == expected[index]);
    return EXIT_SUCCESS;
}
