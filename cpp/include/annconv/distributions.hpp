// Random distributions made of uniform numbers, a fixed number of them for every draw. Each does
// the same, operation by operation, as annconv/distributions.py; all of it in double precision.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
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

    /// Whichever outcome is rarer is counted, by one of two methods. All attempts of the second
    /// fail once in 10^10 draws at most; the count is then the mode.
    double binomial(std::uint32_t draw, double trials, double probability) const {
        constexpr std::uint32_t kAttempts = 20;
        constexpr double kFewSuccesses = 10.0;
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        const bool valid = trials >= 0.0 && trials < kInfinity && probability >= 0.0;
        if (!(valid && probability <= 1.0)) return kNaN;
        const double rare = probability > 0.5 ? 1.0 - probability : probability;
        auto numbers = uniforms(draw);
        double count = 0.0;
        if (trials * rare < kFewSuccesses) {
            count = few_successes(trials, rare, numbers[0]);
        } else {
            const ManySuccesses distribution(trials, rare);
            count = distribution.mode;
            for (std::uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
                const std::size_t pair = 2 * (attempt % 2);
                if (attempt > 0 && pair == 0) numbers = uniforms(draw + attempt / 2);
                const double candidate = distribution.candidate(numbers[pair]);
                if (!distribution.takes(candidate, numbers[pair], numbers[pair + 1])) continue;
                count = candidate;
                break;
            }
        }
        return probability > 0.5 ? trials - count : count;
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

    /// The smallest count whose cumulative probability reaches a uniform number. Probabilities are
    /// kept as logarithms, which do not underflow for many trials.
    static double few_successes(double trials, double probability, double number) {
        if (probability == 0.0) return 0.0;
        const double odds = std::log(probability / (1.0 - probability));
        double logarithm = trials * std::log1p(-probability);
        double cumulative = std::exp(logarithm), count = 0.0;
        while (cumulative < number && count < trials) {
            logarithm = logarithm + (std::log((trials - count) / (count + 1.0)) + odds);
            cumulative = cumulative + std::exp(logarithm);
            count += 1.0;
        }
        return count;
    }

    /// Draws by rejection; two uniform numbers make an attempt, which is taken in 7 to 9 of 10
    /// cases. Source: Hoermann 1993, "The generation of binomial random variates" (algorithm BTRS,
    /// which holds for means from 10 and probabilities up to 1/2).
    struct ManySuccesses {
        double trials, probability, deviation, b, a, mode;

        ManySuccesses(double n, double p)
            : trials(n),
              probability(p),
              deviation(std::sqrt(n * p * (1.0 - p))),
              b(1.15 + 2.53 * deviation),
              a(-0.0873 + 0.0248 * b + 0.01 * p),
              mode(std::floor((n + 1.0) * p)) {}

        double candidate(double first) const {
            const double u = first - 0.5;
            const double edge = 0.5 - std::fabs(u);
            return std::floor((2.0 * a / edge + b) * u + (trials * probability + 0.5));
        }

        bool takes(double count, double first, double second) const {
            const double edge = 0.5 - std::fabs(first - 0.5);
            if (edge >= 0.07 && second <= 0.92 - 4.2 / b) return true;
            if (count < 0.0 || count > trials) return false;
            const double hat =
                std::log(second * ((2.83 + 5.1 / b) * deviation) / (a / (edge * edge) + b));
            return hat <= relative_frequency(count);
        }

        /// Logarithm of how frequent a count is, compared with the most frequent one.
        double relative_frequency(double count) const {
            const double odds = probability / (1.0 - probability);
            const double most =
                (mode + 0.5) * std::log((mode + 1.0) / (odds * (trials - mode + 1.0)));
            const double least =
                (count + 0.5) * std::log(odds * (trials - count + 1.0) / (count + 1.0));
            const double between =
                (trials + 1.0) * std::log((trials - mode + 1.0) / (trials - count + 1.0));
            double tails = stirling_tail(mode) + stirling_tail(trials - mode);
            tails = tails - stirling_tail(count) - stirling_tail(trials - count);
            return most + between + least + tails;
        }
    };

    /// log(count!) without Stirling's (count + 1/2) log(count + 1) - (count + 1) + log(2 pi)/2.
    static double stirling_tail(double count) {
        constexpr double kTails[] = {
            0.08106146679532726,  0.04134069595540929,  0.02767792568499834, 0.02079067210376509,
            0.01664469118982119,  0.01387612882307075,  0.01189670994589177, 0.01041126526197209,
            0.009255462182712733, 0.008330563433362871,
        };
        if (count <= 9.0) return kTails[static_cast<std::size_t>(count)];
        const double square = (count + 1.0) * (count + 1.0);
        const double series = 1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square;
        return series / (count + 1.0);
    }

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
