// What the program writes: labels, scores and spikes.
#pragma once

#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "annconv/about.hpp"
#include "annconv/npy.hpp"
#include "annconv/table.hpp"
#include "arguments.hpp"
#include "output_file.hpp"

namespace program {

inline bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

template <class Value>
std::string_view bytes_of(const std::vector<Value>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

// Of a part of the samples.
struct PartResults {
    std::vector<std::int64_t> labels;
    std::vector<double> scores;        // (samples, outputs)
    std::vector<std::int32_t> counts;  // (samples, outputs)
    std::vector<std::int32_t> stopped_at;
};

// A field of a .csv file, in quotes where it holds a separator.
inline std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char letter : text)
        quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
    return quoted + '"';
}

// Keeps the spikes of a part of the samples, so that lines come in order for any number of threads.
class SpikeLog : public annconv::RunObserver {
   public:
    explicit SpikeLog(std::int64_t samples) : lines_(static_cast<std::size_t>(samples)) {}

    void begin(std::int64_t first) { first_ = first; }

    void spike(std::int64_t sample, std::int32_t population, std::int32_t step, std::int32_t rank,
               std::int8_t sign) override {
        const std::string name = csv_field(annconv::network_facts().populations[population].name);
        std::string& lines = lines_[static_cast<std::size_t>(sample)];
        lines += std::to_string(first_ + sample) + ',' + name + ',' + std::to_string(step) + ',' +
                 std::to_string(rank) + ',' + std::to_string(sign) + '\n';
    }

    bool proceed(std::int64_t) override { return true; }

    // Hands over what was logged.
    void write(OutputFile& file) {
        for (auto& lines : lines_) {
            file.write(lines);
            lines.clear();
        }
    }

   private:
    std::vector<std::string> lines_;
    std::int64_t first_ = 0;
};

// The files that were asked for; each is there at the end, or none is.
class ResultFiles {
   public:
    // Opens them. `samples`: how many there will be.
    ResultFiles(const Arguments& arguments, std::int64_t samples, std::int32_t outputs)
        : labels_name_(arguments.output) {
        const auto count = static_cast<std::uint64_t>(samples);
        if (!arguments.output.empty()) {
            labels_ = open(arguments.output);
            if (ends_with(labels_name_, ".npy"))
                labels_->write(annconv::npy_header("<i8", {count}));
            if (ends_with(labels_name_, ".csv")) labels_->write("sample,label\n");
        }
        const auto classes = static_cast<std::uint64_t>(outputs);
        scores_ = open_array(arguments.scores, "<f8", {count, classes});
        counts_ = open_array(arguments.counts, "<i4", {count, classes});
        stopped_ = open_array(arguments.stopped, "<i4", {count});
        if (!arguments.spikes.empty()) {
            spikes_ = open(arguments.spikes);
            spikes_->write("sample,population,step,neuron,sign\n");
        }
    }

    bool wants_spikes() const { return spikes_ != nullptr; }

    void write(const PartResults& part, SpikeLog& spikes) {
        write_labels(part.labels);
        if (scores_ != nullptr) scores_->write(bytes_of(part.scores));
        if (counts_ != nullptr) counts_->write(bytes_of(part.counts));
        if (stopped_ != nullptr) stopped_->write(bytes_of(part.stopped_at));
        if (spikes_ != nullptr) spikes.write(*spikes_);
        written_ += static_cast<std::int64_t>(part.labels.size());
    }

    void finish() {
        for (auto& file : files_) file->complete();
        if (labels_ == nullptr && !(std::cout << printed_).flush()) {
            throw std::runtime_error("standard output: expected one that can be written to");
        }
        for (auto& file : files_) file->move();
    }

   private:
    // A .npy file of this type and shape; nullptr where none is wanted.
    OutputFile* open_array(const std::string& path, const char* type,
                           const std::vector<std::uint64_t>& shape) {
        if (path.empty()) return nullptr;
        OutputFile* const file = open(path);
        file->write(annconv::npy_header(type, shape));
        return file;
    }

    OutputFile* open(const std::string& path) {
        files_.push_back(std::make_unique<OutputFile>(path));
        return files_.back().get();
    }

    void write_labels(const std::vector<std::int64_t>& labels) {
        if (ends_with(labels_name_, ".npy")) {
            labels_->write(bytes_of(labels));
            return;
        }
        std::string lines;
        for (std::size_t index = 0; index < labels.size(); ++index) {
            if (ends_with(labels_name_, ".csv")) {
                lines += std::to_string(written_ + static_cast<std::int64_t>(index)) + ',';
            }
            lines += std::to_string(labels[index]) + '\n';
        }
        if (labels_ != nullptr) {
            labels_->write(lines);
        } else {
            printed_ += lines;
        }
    }

    std::string labels_name_;
    std::vector<std::unique_ptr<OutputFile>> files_;
    OutputFile *labels_ = nullptr, *scores_ = nullptr, *counts_ = nullptr, *stopped_ = nullptr;
    OutputFile* spikes_ = nullptr;
    std::int64_t written_ = 0;
    std::string printed_;  // on standard output, once everything is known
};

}  // namespace program
