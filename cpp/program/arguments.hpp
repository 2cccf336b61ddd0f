// The program's command line.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace program {

// The command line is not what was expected.
class UsageError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Arguments {
    std::string samples;
    std::string weights;  // "": those of the network
    std::string output;   // "": standard output
    std::string scores;   // "": not wanted
    std::string counts;   // "": not wanted
    std::string stopped;  // "": not wanted
    std::string spikes;   // "": not wanted
    std::int32_t steps = 0;
    std::int32_t threads = 0;  // 0: as many as there are processors
    std::uint64_t seed = 0;
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    bool frames = false, quiet = false, help = false, about = false;
};

constexpr std::int32_t kMaxThreads = 4096;

template <class Whole>
Whole parse_whole(const std::string& option, const std::string& text, Whole low, Whole high) {
    Whole number{};
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (result.ec != std::errc() || result.ptr != end || number < low || number > high) {
        throw UsageError(option + ": expected a whole number from " + std::to_string(low) + " to " +
                         std::to_string(high) + ", received '" + text + "'");
    }
    return number;
}

// Reads options one after another.
class ArgumentReader {
   public:
    explicit ArgumentReader(const std::vector<std::string>& words) : words_(words) {}

    // `steps`: those of a sample where nothing else is said.
    Arguments read(std::int32_t steps) {
        arguments_.steps = steps;
        std::vector<std::string> files;
        for (; at_ < words_.size(); ++at_) {
            if (words_[at_].rfind("--", 0) == 0) {
                read_option(words_[at_]);
            } else {
                files.push_back(words_[at_]);
            }
        }
        if (arguments_.help || arguments_.about) return arguments_;
        if (files.size() != 1) {
            throw UsageError("expected one file of samples, received " +
                             std::to_string(files.size()) + " (see --help)");
        }
        arguments_.samples = files[0];
        check_outputs();
        return arguments_;
    }

   private:
    void check_outputs() const {
        std::vector<std::string> paths;
        for (const std::string& path : {arguments_.output, arguments_.scores, arguments_.counts,
                                        arguments_.stopped, arguments_.spikes}) {
            if (path.empty()) continue;
            if (std::count(paths.begin(), paths.end(), path) > 0) {
                throw UsageError("expected a file of its own for each result, received '" + path +
                                 "' twice");
            }
            paths.push_back(path);
        }
    }

    // Moves on to the option's value, where it has one.
    void read_option(const std::string& option) {
        const bool is_text = read_text(option, "--weights", arguments_.weights) ||
                             read_text(option, "--output", arguments_.output) ||
                             read_text(option, "--scores", arguments_.scores) ||
                             read_text(option, "--counts", arguments_.counts) ||
                             read_text(option, "--stopped", arguments_.stopped) ||
                             read_text(option, "--spikes", arguments_.spikes);
        const bool is_known =
            is_text || read_whole<std::int32_t>(option, "--steps", 1, arguments_.steps) ||
            read_whole<std::int64_t>(option, "--first", 1, arguments_.first) ||
            read_whole<std::uint64_t>(option, "--seed", 0, arguments_.seed) ||
            read_whole<std::int32_t>(option, "--threads", 1, arguments_.threads, kMaxThreads) ||
            read_flag(option, "--frames", arguments_.frames) ||
            read_flag(option, "--quiet", arguments_.quiet) ||
            read_flag(option, "--help", arguments_.help) ||
            read_flag(option, "--about", arguments_.about);
        if (!is_known) {
            throw UsageError("expected an option that --help lists, received '" + option + "'");
        }
    }

    const std::string& value(const std::string& option) {
        if (at_ + 1 == words_.size())
            throw UsageError(option + ": expected a value, received none");
        return words_[++at_];
    }

    bool read_text(const std::string& option, const char* name, std::string& text) {
        if (option != name) return false;
        text = value(option);
        if (text.empty()) throw UsageError(option + ": expected a file, received ''");
        return true;
    }

    template <class Whole>
    bool read_whole(const std::string& option, const char* name, Whole low, Whole& number,
                    Whole high = std::numeric_limits<Whole>::max()) {
        if (option != name) return false;
        number = parse_whole(option, value(option), low, high);
        return true;
    }

    static bool read_flag(const std::string& option, const char* name, bool& flag) {
        if (option != name) return false;
        flag = true;
        return true;
    }

    const std::vector<std::string>& words_;
    std::size_t at_ = 0;
    Arguments arguments_;
};

}  // namespace program
