// Random distributions made of uniform numbers, a fixed number of them for every draw. Each does
// the same, operation by operation, as annconv/distributions.py; all of it in double precision.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "annconv/philox.hpp"

namespace annconv {

/// The random numbers of one neuron in one step. `draw` is the first value of the generator's
/// counter that a draw takes; each value gives four uniform numbers in (0, 1).
class NeuronDraws {
   public:
    NeuronDraws(const RandomStream& stream, int neuron, std::int32_t step, std::uint32_t population)
        : stream_(stream),
          neuron_(static_cast<std::uint32_t>(neuron)),
          step_(static_cast<std::uint32_t>(step)),
          population_(population) {}

    /// Source: Box and Muller 1958, "A note on the generation of random normal deviates".
    double normal(std::uint32_t draw, double mu, double sigma) const {
        const auto numbers = uniforms(draw);
        return mu + sigma * standard_normal(numbers[0], numbers[1]);
    }

    double log_normal(std::uint32_t draw, double mu, double sigma) const {
        return std::exp(normal(draw, mu, sigma));
    }

    double exponential(std::uint32_t draw, double rate) const {
        return -std::log(uniforms(draw)[0]) / rate;
    }

    /// A whole number from low to high, both included.
    double discrete_uniform(std::uint32_t draw, double low, double high) const {
        return low + std::floor(uniforms(draw)[0] * (high - low + 1.0));
    }

    /// The smallest count whose cumulative probability reaches a uniform number. Probabilities are
    /// kept as logarithms, which do not underflow for many trials.
    double binomial(std::uint32_t draw, double trials, double probability) const {
        if (!(trials >= 0.0 && probability >= 0.0 && probability <= 1.0)) return kNaN;
        if (probability == 0.0 || probability == 1.0) return trials * probability;
        const double number = uniforms(draw)[0];
        const double odds = std::log(probability / (1.0 - probability));
        double logarithm = trials * std::log(1.0 - probability);
        double cumulative = std::exp(logarithm), count = 0.0;
        while (cumulative < number && count < trials) {
            logarithm = logarithm + (std::log((trials - count) / (count + 1.0)) + odds);
            cumulative = cumulative + std::exp(logarithm);
            count += 1.0;
        }
        return count;
    }

    /// Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables". All
    /// attempts fail once in 10^10 draws at most.
    double gamma(std::uint32_t draw, double alpha, double beta) const {
        constexpr std::uint32_t kAttempts = 8;
        if (!(alpha > 0.0)) return kNaN;
        const double shape = alpha < 1.0 ? alpha + 1.0 : alpha;
        const double d = shape - 1.0 / 3.0;
        const double c = 1.0 / std::sqrt(9.0 * d);
        double volume = 1.0, last = uniforms(draw)[3];
        for (std::uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
            const auto numbers = uniforms(draw + attempt);
            const double x = standard_normal(numbers[0], numbers[1]);
            const double root = 1.0 + c * x;
            const double cube = root * root * root;
            if (cube <= 0.0) continue;
            if (std::log(numbers[2]) < 0.5 * x * x + d - d * cube + d * std::log(cube)) {
                volume = cube;
                last = numbers[3];
                break;
            }
        }
        return d * volume * (alpha < 1.0 ? std::pow(last, 1.0 / alpha) : 1.0) * beta;
    }

   private:
    static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

    static double standard_normal(double first, double second) {
        constexpr double kPi = 3.14159265358979323846;
        return std::sqrt(-2.0 * std::log(first)) * std::cos(2.0 * kPi * second);
    }

    std::array<double, 4> uniforms(std::uint32_t draw) const {
        constexpr double kScale = 1.0 / 4294967296.0;
        const auto words =
            philox({neuron_, step_, population_ << 16 | draw, stream_.sample}, stream_.key);
        std::array<double, 4> numbers{};
        for (std::size_t word = 0; word < 4; ++word) {
            numbers[word] = (static_cast<double>(words[word]) + 0.5) * kScale;
        }
        return numbers;
    }

    RandomStream stream_;
    std::uint32_t neuron_, step_, population_;
};

}  // namespace annconv
