// What numerical methods of ODEs need beyond arithmetic. Each does the same, bit for bit, as
// annconv's interpreter of networks.
#pragma once

#include <cmath>
#include <utility>

#include "annconv/functions.hpp"

namespace annconv {

/// (exp(x) - 1)/x, which is 1 at 0. A compiler that knows x would round otherwise than the C
/// library does; it cannot see through the pointer.
template <class Real>
Real growth(Real exponent) {
    static Real (*const volatile library_expm1)(Real) = [](Real x) { return annconv::expm1(x); };
    return exponent == Real(0) ? Real(1) : library_expm1(exponent) / exponent;
}

/// Solves a system of linear equations by elimination with the largest pivot of a column. Each row
/// holds its coefficients and the right-hand side, which becomes the unknown of that place.
template <int count, class Real>
void solve(Real (&rows)[count][count + 1]) {
    for (int column = 0; column < count; ++column) {
        for (int row = column + 1; row < count; ++row) {
            if (std::abs(rows[row][column]) > std::abs(rows[column][column])) {
                std::swap(rows[row], rows[column]);
            }
        }
        for (int row = column + 1; row < count; ++row) {
            const Real factor = rows[row][column] / rows[column][column];
            for (int place = column; place <= count; ++place) {
                rows[row][place] -= factor * rows[column][place];
            }
        }
    }
    for (int row = count - 1; row >= 0; --row) {
        Real value = rows[row][count];
        for (int column = row + 1; column < count; ++column) {
            value = value - rows[row][column] * rows[column][count];
        }
        rows[row][count] = value / rows[row][row];
    }
}

}  // namespace annconv
