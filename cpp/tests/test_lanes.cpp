// Lanes compute what reals compute, lane by lane.
#include "annconv/lanes.hpp"

#include <array>
#include <vector>

#include "check.hpp"

namespace {

template <class Value>
std::vector<typename Value::Number> lanes_of(Value value) {
    std::vector<typename Value::Number> numbers(Value::kLanes);
    annconv::store(value, numbers.data());
    return numbers;
}

// Applies a function of one or two reals to lanes and to each lane's numbers.
template <class Value, class Function>
void check_unary(Function function) {
    using Real = typename Value::Number;
    volatile Real first =
        Real(-0.9);  // not known to the compiler, which rounds functions its own way
    std::vector<Real> numbers(Value::kLanes);
    for (int lane = 0; lane < Value::kLanes; ++lane) {
        numbers[static_cast<std::size_t>(lane)] = static_cast<Real>(lane) / 8 + first;
    }
    const auto received = lanes_of(function(annconv::load<Value>(numbers.data())));
    for (std::size_t lane = 0; lane < numbers.size(); ++lane) {
        const Real expected = function(numbers[lane]);
        CHECK(received[lane] == expected ||
              (expected != expected && received[lane] != received[lane]));
    }
}

template <class Value>
void check_functions() {
    using Real = typename Value::Number;
    check_unary<Value>([](auto x) { return annconv::exp(x); });
    check_unary<Value>([](auto x) { return annconv::log(x); });  // NaN below zero
    check_unary<Value>([](auto x) { return annconv::tanh(x); });
    check_unary<Value>([](auto x) { return annconv::erf(x); });
    check_unary<Value>([](auto x) { return annconv::floor(x); });
    check_unary<Value>([](auto x) { return annconv::trunc(x); });
    check_unary<Value>([](auto x) { return annconv::abs(x); });
    check_unary<Value>([](auto x) { return annconv::positive(x); });
    check_unary<Value>([](auto x) { return annconv::negative(x); });
    check_unary<Value>([](auto x) { return annconv::pow(x, decltype(x)(Real(3))); });
    check_unary<Value>(
        [](auto x) { return annconv::modulo(x * decltype(x)(Real(9)), decltype(x)(Real(3))); });
    check_unary<Value>(
        [](auto x) { return annconv::clip(x, decltype(x)(Real(-0.5)), decltype(x)(Real(0.25))); });
    check_unary<Value>([](auto x) { return annconv::fma(x, x, decltype(x)(Real(1)) - x * x); });
    check_unary<Value>([](auto x) { return -x * x / (x - decltype(x)(Real(7))) + x; });
    check_unary<Value>([](auto x) {
        return annconv::select(
            !(x < decltype(x)(Real(0))) && (x != decltype(x)(Real(0.1)) || x >= x), x, -x);
    });
}

template <class Value>
void check_masks() {
    using Real = typename Value::Number;
    std::vector<Real> numbers(Value::kLanes);
    for (int lane = 0; lane < Value::kLanes; ++lane)
        numbers[static_cast<std::size_t>(lane)] = static_cast<Real>(lane % 3);
    const auto values = annconv::load<Value>(numbers.data());
    const auto spiked = values > Value(Real(1));
    const auto truth = lanes_of(Value(spiked));
    for (int lane = 0; lane < Value::kLanes; ++lane) {
        const auto at = static_cast<std::size_t>(lane);
        CHECK(truth[at] == (lane % 3 == 2));
    }
    CHECK(lanes_of(annconv::in_register(Value(Real(2.5))))[0] == Real(2.5));
}

template <class Value>
void check() {
    check_functions<Value>();
    check_masks<Value>();
}

}  // namespace

int main() {
    check<annconv::LanesOf<float, 16>>();
    check<annconv::LanesOf<float, 32>>();
    check<annconv::LanesOf<float, 64>>();
    check<annconv::LanesOf<double, 16>>();
    check<annconv::LanesOf<double, 32>>();
    check<annconv::LanesOf<double, 64>>();
    return EXIT_SUCCESS;
}
