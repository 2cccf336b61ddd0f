// Files of samples of any bytes, .npy and IDX: they are refused, or give as many finite rates as
// their shape says. Inputs begin with a byte of choices; in half of them the header is made anew
// and the values fit it, so that they get past it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "annconv/idx.hpp"
#include "annconv/npy.hpp"
#include "annconv/stored_array.hpp"
#include "require.hpp"

namespace {

constexpr std::uint8_t kImages = 1, kMends = 2, kScales = 4;

std::string idx_header(const std::vector<std::uint64_t>& shape) {
    std::string header{'\0', '\0', '\x08', static_cast<char>(shape.size())};
    for (const auto extent : shape) header += {'\0', '\0', '\0', static_cast<char>(extent)};
    return header;
}

// A file whose header is right, of a type, an order and extents that its first bytes choose, and
// with as many values as it asks for.
std::string mended(const std::string& bytes, bool images) {
    constexpr std::array<const char*, 12> kTypes = {"|b1", "|i1", "<i2", "<i4", "<i8", "|u1",
                                                    "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"};
    constexpr std::size_t kMostExtents = 3, kMostValues = 8;
    const auto byte = [&](std::size_t at) {
        return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : std::size_t{1};
    };
    std::vector<std::uint64_t> shape;
    for (std::size_t axis = 0; axis < byte(0) % (kMostExtents + 1); ++axis) {
        shape.push_back(byte(1 + axis) % (kMostValues + 1));
    }
    const std::string type = kTypes[byte(4) % kTypes.size()];
    const std::size_t width = images ? 1 : static_cast<std::size_t>(type.back() - '0');
    std::string values = bytes.substr(std::min<std::size_t>(5, bytes.size()));
    values.resize(*annconv::product(shape) * width, '\x3c');
    return (images ? idx_header(shape) : annconv::npy_header(type, shape)) + values;
}

template <class Rate>
void check_rates(const annconv::StoredArray& array, std::size_t count, bool images, double scale) {
    std::vector<Rate> rates;
    try {
        annconv::append_rates(array, 0, count, images, scale, rates);
        REQUIRE(rates.size() == count);
        // A part of them is what stands in the whole.
        std::vector<Rate> part;
        annconv::append_rates(array, count / 2, count - count / 2, images, scale, part);
        REQUIRE(std::equal(part.begin(), part.end(), rates.begin() + count / 2));
    } catch (const std::runtime_error& error) {
        REQUIRE(rates.size() < count);
        REQUIRE(std::strstr(error.what(), "finite") != nullptr);
    }
    REQUIRE(std::all_of(rates.begin(), rates.end(), [](Rate rate) { return std::isfinite(rate); }));
}

void try_samples(std::uint8_t choices, std::string bytes) {
    const bool images = (choices & kImages) != 0;
    const bool mends = (choices & kMends) != 0;
    if (mends) bytes = mended(bytes, images);
    // Of its own size to the byte, so that what is read behind it is found.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const std::string_view given(exact.data(), exact.size());
    annconv::StoredArray array;
    try {
        array = images ? annconv::parse_idx(given) : annconv::parse_npy(given);
    } catch (const std::runtime_error&) {
        REQUIRE(!mends);
        return;
    }
    const auto count = annconv::product(array.shape);
    REQUIRE(count && *count * annconv::element_bytes(array.element) == array.values.size());
    REQUIRE(array.values.data() + array.values.size() == given.data() + given.size());
    const double scale = (choices & kScales) != 0 ? std::numeric_limits<double>::max() / 4 : 3.0;
    check_rates<float>(array, *count, images, scale);
    check_rates<double>(array, *count, images, scale);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) try_samples(data[0], std::string(data + 1, data + size));
    return 0;
}
