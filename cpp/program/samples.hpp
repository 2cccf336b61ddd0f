// The samples of a file, as the input rates of a network.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "annconv/idx.hpp"
#include "annconv/mapped_file.hpp"
#include "annconv/npy.hpp"
#include "annconv/stored_array.hpp"

namespace program {

// Calls `work`; what it throws is about the file.
template <class Work>
auto about_file(const std::string& path, Work work) {
    try {
        return work();
    } catch (const std::exception& error) {
        throw std::runtime_error(path + ": " + error.what());
    }
}

class SampleFile {
   public:
    // `values`: of each sample, all its frames together. Throws std::runtime_error.
    SampleFile(const std::string& path, std::int64_t values) : path_(path), values_(values) {
        about_file(path, [&] {
            file_ = annconv::MappedFile(path);
            const std::string_view bytes = file_.bytes();
            images_ = bytes.substr(0, 2) == annconv::kIdxMagic;
            if (bytes.substr(0, 2) == "\x1f\x8b") {
                throw std::runtime_error(
                    "expected a file that is not compressed: run gunzip first");
            }
            if (!images_ && bytes.substr(0, annconv::kNpyMagic.size()) != annconv::kNpyMagic) {
                throw std::runtime_error("expected a .npy or IDX file, received something else");
            }
            array_ = images_ ? annconv::parse_idx(bytes) : annconv::parse_npy(bytes);
            check_shape();
        });
    }

    std::int64_t count() const { return static_cast<std::int64_t>(array_.shape[0]); }

    // The rates of `count` samples from `first` on.
    template <class Rate>
    void rates(std::int64_t first, std::int64_t count, double scale,
               std::vector<Rate>& rates) const {
        about_file(path_, [&] {
            rates.clear();
            annconv::append_rates(array_, static_cast<std::size_t>(first * values_),
                                  static_cast<std::size_t>(count * values_), images_, scale, rates);
        });
    }

   private:
    void check_shape() const {
        std::string shape;
        for (const auto extent : array_.shape) {
            shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
        }
        std::vector<std::uint64_t> rest;
        if (!array_.shape.empty()) rest.assign(array_.shape.begin() + 1, array_.shape.end());
        const auto received = annconv::product(rest);
        if (array_.shape.size() < 2 || received != static_cast<std::uint64_t>(values_)) {
            throw std::runtime_error("expected an array of samples of " + std::to_string(values_) +
                                     " values each, received shape (" + shape + ")");
        }
    }

    std::string path_;
    std::int64_t values_;
    annconv::MappedFile file_;
    annconv::StoredArray array_{{}, annconv::Element::kDouble, {}};
    bool images_ = false;
};

}  // namespace program
