// Packed data: the right bytes load, every kind of damage is refused by name.
#include "annconv/weights_file.hpp"

#include "check.hpp"

namespace {

const std::string kDigest(64, 'd');

std::string packed(const std::string& payload) {
    annconv::WeightsHeader header{};
    header.magic = annconv::kWeightsMagic;
    header.version = annconv::kWeightsVersion;
    header.checksum = annconv::crc32(payload);
    header.length = payload.size();
    std::memcpy(header.digest.data(), kDigest.data(), kDigest.size());
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

}  // namespace

int main() {
    CHECK(annconv::crc32("123456789") == 0xCBF43926);  // the check value of CRC-32/ISO-HDLC

    annconv::NetworkTable network{};
    network.digest = kDigest.c_str();
    network.weights_bytes = 128;
    const std::string payload(128, 'x');
    const std::string good = packed(payload);
    const annconv::AlignedMemory memory = annconv::load_weights(good, network);
    CHECK(std::memcmp(memory.get(), payload.data(), payload.size()) == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(memory.get()) % annconv::kAlignment == 0);

    CHECK_THROWS(annconv::load_weights(good.substr(0, 20), network), "at least 128 bytes");
    CHECK_THROWS(annconv::load_weights(good.substr(0, 240), network), "expected 128 bytes");
    CHECK_THROWS(annconv::load_weights(good + "x", network), "received 129");
    std::string bad = good;
    bad[0] = 'A';
    CHECK_THROWS(annconv::load_weights(bad, network), "expected a weight file");
    bad = good;
    bad[8] = 1;
    CHECK_THROWS(annconv::load_weights(bad, network), "format version 2");
    bad = good;
    bad[30] = 'e';
    CHECK_THROWS(annconv::load_weights(bad, network), "data for another one");
    bad = good;
    bad[100] = 1;
    CHECK_THROWS(annconv::load_weights(bad, network), "zeros behind the header");
    for (std::size_t at = sizeof(annconv::WeightsHeader); at < good.size(); ++at) {
        bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 4);
        CHECK_THROWS(annconv::load_weights(bad, network), "checksum");
    }
    return EXIT_SUCCESS;
}
