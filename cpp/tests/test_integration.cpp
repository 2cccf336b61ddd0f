// growth() against its series, solve() against systems solved by hand.
#include "annconv/integration.hpp"

#include "check.hpp"

int main() {
    CHECK(annconv::growth(0.0) == 1.0);
    CHECK(std::fabs(annconv::growth(1.0) - 1.718281828459045) < 1e-15);
    CHECK(annconv::growth(-1e-12) < 1.0 && annconv::growth(-1e-12) > 1.0 - 1e-12);
    CHECK(annconv::growth(0.0f) == 1.0f);

    double one[1][2] = {{4.0, 3.0}};
    annconv::solve(one);
    CHECK(one[0][1] == 0.75);

    double two[2][3] = {{1.0, 2.0, 5.0}, {3.0, 4.0, 6.0}};  // x + 2y = 5, 3x + 4y = 6
    annconv::solve(two);
    CHECK(std::fabs(two[0][2] + 4.0) < 1e-14 && std::fabs(two[1][2] - 4.5) < 1e-14);

    double swapped[3][4] = {
        // 2y = 4, x + z = 7, 4z = 8
        {0.0, 2.0, 0.0, 4.0},
        {1.0, 0.0, 1.0, 7.0},
        {0.0, 0.0, 4.0, 8.0},
    };
    annconv::solve(swapped);
    CHECK(swapped[0][3] == 5.0 && swapped[1][3] == 2.0 && swapped[2][3] == 2.0);

    double negative[2][3] = {{0.0, 1.0, 2.0}, {-2.0, 1.0, 0.0}};  // y = 2, y - 2x = 0
    annconv::solve(negative);  // the largest pivot is the one that is negative
    CHECK(negative[0][2] == 1.0 && negative[1][2] == 2.0);

    float singular[2][3] = {{1.0f, 1.0f, 1.0f}, {1.0f, 1.0f, 2.0f}};
    annconv::solve(singular);
    CHECK(!std::isfinite(singular[1][2]));
    return EXIT_SUCCESS;
}
