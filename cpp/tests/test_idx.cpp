// The IDX reader on a file as MNIST's are, and on damaged ones.
#include "annconv/idx.hpp"

#include "check.hpp"

int main() {
    const std::string head("\0\0\x08\x02\0\0\0\x02\0\0\0\x03", 12);
    const std::string whole = head + std::string("\0\x01\x02\x03\x04\xFF", 6);
    const annconv::StoredArray array = annconv::parse_idx(whole);
    CHECK((array.shape == std::vector<std::uint64_t>{2, 3}));
    std::vector<float> rates;
    annconv::append_rates(array, 3, 3, true, 100, rates);
    CHECK((rates == std::vector<float>{3 / 255.f * 100, 4 / 255.f * 100, 100}));

    for (std::size_t length = 0; length < whole.size(); ++length) {
        CHECK_THROWS(annconv::parse_idx(whole.substr(0, length)), "");
    }
    CHECK_THROWS(annconv::parse_idx(whole + "x"), "expected 6 values, received 7");
    std::string bad = whole;
    bad[2] = 0x0D;
    CHECK_THROWS(annconv::parse_idx(bad), "type 13");
    const std::string huge("\0\0\x08\x03\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16);
    CHECK_THROWS(annconv::parse_idx(huge), "expected far more values, received 0");
    const std::string empty("\0\0\x08\x02\xFF\xFF\xFF\xFF\0\0\0\0", 12);
    CHECK(*annconv::product(annconv::parse_idx(empty).shape) == 0);
    const std::string wide("\0\0\x08\x02\x01\x02\x03\x04\0\0\0\0", 12);
    CHECK((annconv::parse_idx(wide).shape == std::vector<std::uint64_t>{0x01020304, 0}));
    return EXIT_SUCCESS;
}
