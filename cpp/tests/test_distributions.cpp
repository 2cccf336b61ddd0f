// Moments of the distributions, their limits, and that a draw is a function of its counter alone.
#include "annconv/distributions.hpp"

#include <cmath>

#include "check.hpp"

using annconv::NeuronDraws;
using annconv::RandomStream;

namespace {

struct Moments {
    double mean, variance, least, most;
};

template <class Sample>
Moments moments(Sample sample) {
    constexpr int kDraws = 40000;
    double sum = 0, squares = 0, least = 1e300, most = -1e300;
    for (int neuron = 0; neuron < kDraws; ++neuron) {
        const double value = sample(NeuronDraws(RandomStream(5, 1), neuron, 3, 2));
        sum += value;
        squares += value * value;
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    const double mean = sum / kDraws;
    return {mean, squares / kDraws - mean * mean, least, most};
}

bool near(double value, double expected, double tolerance) {
    return std::fabs(value - expected) <= tolerance;
}

}  // namespace

int main() {
    const Moments normal = moments([](const NeuronDraws& d) { return d.normal(0, 2.0, 3.0); });
    CHECK(near(normal.mean, 2.0, 0.06) && near(normal.variance, 9.0, 0.3));
    const Moments log_normal =
        moments([](const NeuronDraws& d) { return d.log_normal(1, 0.0, 0.5); });
    CHECK(near(log_normal.mean, std::exp(0.125), 0.02) && log_normal.least > 0.0);
    const Moments exponential = moments([](const NeuronDraws& d) { return d.exponential(2, 4.0); });
    CHECK(near(exponential.mean, 0.25, 0.006) && near(exponential.variance, 0.0625, 0.004));
    const Moments whole =
        moments([](const NeuronDraws& d) { return d.discrete_uniform(3, -1.0, 3.0); });
    CHECK(near(whole.mean, 1.0, 0.04) && near(whole.variance, 2.0, 0.05));
    CHECK(whole.least == -1.0 && whole.most == 3.0);
    for (const double p : {0.0, 0.1, 0.5, 0.9, 1.0}) {
        const Moments binomial =
            moments([p](const NeuronDraws& d) { return d.binomial(4, 20.0, p); });
        CHECK(near(binomial.mean, 20.0 * p, 0.06));
        CHECK(near(binomial.variance, 20.0 * p * (1.0 - p), 0.15));
    }
    const Moments many = moments([](const NeuronDraws& d) { return d.binomial(4, 2000.0, 0.5); });
    CHECK(near(many.mean, 1000.0, 0.6) && near(many.variance, 500.0, 20.0));
    const Moments rare = moments([](const NeuronDraws& d) { return d.binomial(4, 2000.0, 0.999); });
    CHECK(near(rare.mean, 1998.0, 0.04) && near(rare.variance, 1.998, 0.08) && rare.most == 2000.0);
    const Moments huge = moments([](const NeuronDraws& d) { return d.binomial(4, 1e9, 0.25); });
    CHECK(near(huge.mean / 2.5e8, 1.0, 1e-6) && near(huge.variance / 1.875e8, 1.0, 0.03));
    for (const double alpha : {0.3, 1.0, 4.5}) {
        const Moments gamma =
            moments([alpha](const NeuronDraws& d) { return d.gamma(8, alpha, 2.0); });
        CHECK(near(gamma.mean, 2.0 * alpha, 0.1) && gamma.least >= 0.0);
        CHECK(near(gamma.variance, 4.0 * alpha, 0.25 * alpha + 0.2));
    }
    const NeuronDraws draws(RandomStream(1, 2), 3, 4, 5);
    CHECK(std::isnan(draws.binomial(0, 3.0, 1.5)) && std::isnan(draws.gamma(0, 0.0, 1.0)));
    CHECK(draws.normal(0, 0.0, 1.0) ==
          NeuronDraws(RandomStream(1, 2), 3, 4, 5).normal(0, 0.0, 1.0));
    CHECK(draws.normal(0, 0.0, 1.0) != draws.normal(1, 0.0, 1.0));
    CHECK(draws.normal(0, 0.0, 1.0) !=
          NeuronDraws(RandomStream(1, 2), 3, 5, 5).normal(0, 0.0, 1.0));
    return EXIT_SUCCESS;
}
