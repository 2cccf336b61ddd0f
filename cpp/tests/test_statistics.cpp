// Population-wide numbers against sums worked out by hand.
#include "annconv/statistics.hpp"

#include "check.hpp"

int main() {
    const double values[] = {3.0, -4.0, 0.0, 12.0};
    CHECK(annconv::mean<4>(values) == 2.75);
    CHECK(annconv::largest<4>(values) == 12.0);
    CHECK(annconv::second_largest<4>(values) == 3.0);
    CHECK(annconv::second_largest<1>(values) == -std::numeric_limits<double>::infinity());
    const double equal[] = {2.0, 5.0, 5.0};
    CHECK(annconv::second_largest<3>(equal) == 5.0);
    CHECK(annconv::smallest<4>(values) == -4.0);
    CHECK(annconv::norm1<4>(values) == 19.0);
    CHECK(annconv::norm2<4>(values) == 13.0);
    const double large[] = {1000.0, 1000.0, -1000.0};
    CHECK(annconv::logsumexp<3>(large) == 1000.0 + std::log(2.0));
    CHECK(annconv::logsumexp<1>(values) == 3.0);
    const float singles[] = {1.0f, 16777216.0f, 1.0f};
    CHECK(annconv::norm1<3>(singles) == 16777218.0f);
    CHECK(annconv::mean<1>(singles) == 1.0f);
    return EXIT_SUCCESS;
}
