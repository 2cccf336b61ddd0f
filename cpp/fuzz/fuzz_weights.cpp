// Packed weights of any bytes: they are refused, or what is accepted lies in them, whole. Inputs
// begin with a byte of choices; in half of them the header is mended, so that they get past it.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "annconv/weights_file.hpp"
#include "require.hpp"

namespace {

constexpr char kDigest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
constexpr std::uint8_t kMendsHeader = 1, kMendsPadding = 2, kOtherLength = 4;

// What of a network a weight file must be for.
struct Structure {
    std::uint64_t weights_bytes;
    std::string_view digest;
};

void mend(std::string& bytes) {
    annconv::WeightsHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const std::string_view payload = std::string_view(bytes).substr(sizeof header);
    header.magic = annconv::kWeightsMagic;
    header.version = annconv::kWeightsVersion;
    header.length = payload.size();
    header.checksum = annconv::crc32(payload);
    std::memcpy(header.digest.data(), kDigest, header.digest.size());
    std::memcpy(bytes.data(), &header, sizeof header);
}

bool pads_with_zeros(const std::string& bytes) {
    constexpr std::size_t kBegin = offsetof(annconv::WeightsHeader, unused);
    return bytes.find_first_not_of('\0', kBegin) >= sizeof(annconv::WeightsHeader);
}

void try_weights(std::uint8_t choices, std::string bytes) {
    constexpr std::size_t kHeader = sizeof(annconv::WeightsHeader);
    const bool whole = bytes.size() >= kHeader;
    const bool mends = whole && (choices & kMendsHeader) != 0;
    if (whole && (choices & kMendsPadding) != 0) {
        const std::size_t from = offsetof(annconv::WeightsHeader, unused);
        std::memset(bytes.data() + from, 0, kHeader - from);
    }
    if (mends) mend(bytes);
    const std::size_t fitting = whole ? bytes.size() - kHeader : 0;
    const bool fits = (choices & kOtherLength) == 0;
    const Structure network{fits ? fitting : fitting + 1, std::string_view(kDigest, 64)};
    // Of its own size to the byte, so that what is read behind it is found.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const std::string_view given(exact.data(), exact.size());
    try {
        const std::string_view payload = annconv::check_weights(given, network);
        REQUIRE(whole && fits && pads_with_zeros(bytes));
        REQUIRE(payload.data() == given.data() + kHeader && payload.size() == fitting);
        const annconv::AlignedMemory copy = annconv::load_weights(given, network);
        REQUIRE(std::memcmp(copy.get(), payload.data(), fitting) == 0);
    } catch (const std::runtime_error& error) {
        REQUIRE(std::string_view(error.what()).find("packed weights: ") == 0);
        REQUIRE(!(mends && fits && pads_with_zeros(bytes)));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0) try_weights(data[0], std::string(data + 1, data + size));
    return 0;
}
