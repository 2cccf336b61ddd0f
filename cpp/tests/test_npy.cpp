// The .npy reader on files as NumPy writes them, and on damaged ones.
#include "annconv/npy.hpp"

#include <limits>

#include "check.hpp"

namespace {

// With a header of so many bytes; those of version 2 and 3 say with two bytes more how many.
std::string file(const std::string& header, const std::string& data, std::size_t length = 118,
                 char version = 1) {
    std::string text = header;
    text.resize(length, ' ');
    std::string start = std::string("\x93NUMPY") + version + '\0';
    for (int byte = 0; byte < (version == 1 ? 2 : 4); ++byte) {
        start += static_cast<char>(length >> 8 * byte & 0xFF);
    }
    return start + text + data;
}

template <class Value>
std::string bytes(const std::vector<Value>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

// Two numbers of a type.
std::string of_type(const std::string& type, const std::string& data) {
    return file("{'descr': '" + type + "', 'fortran_order': False, 'shape': (2,), }", data);
}

std::vector<double> rates(const std::string& content) {
    const annconv::StoredArray array = annconv::parse_npy(content);
    std::vector<double> found;
    annconv::append_rates(array, 0, *annconv::product(array.shape), false, 1, found);
    return found;
}

// Extreme numbers of a type, and what is read of them.
template <class Value>
bool reads_extremes(const std::string& type) {
    const std::vector<Value> values{std::numeric_limits<Value>::lowest(),
                                    std::numeric_limits<Value>::max()};
    const std::vector<double> expected(values.begin(), values.end());
    return rates(of_type(type, bytes(values))) == expected;
}

}  // namespace

int main() {
    const std::string doubles = bytes<double>({1.5, -2, 3, 4, 5, 6});
    const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
    const std::string whole = file(header, doubles);
    CHECK((annconv::parse_npy(whole).shape == std::vector<std::uint64_t>{2, 3}));
    CHECK((rates(whole) == std::vector<double>{1.5, -2, 3, 4, 5, 6}));
    CHECK((rates(of_type("<f4", bytes<float>({0.5f, 8}))) == std::vector<double>{0.5, 8}));
    CHECK((rates(of_type("<i8", bytes<std::int64_t>({-7, 8}))) == std::vector<double>{-7, 8}));
    CHECK((rates(of_type("|u1", bytes<std::uint8_t>({255, 8}))) == std::vector<double>{255, 8}));
    CHECK((rates(of_type("|b1", bytes<std::uint8_t>({1, 0}))) == std::vector<double>{1, 0}));
    const auto halves = bytes<std::uint16_t>({0x3E00, 0x8001});  // 1.5 and the last below zero
    CHECK((rates(of_type("<f2", halves)) == std::vector<double>{1.5, -0x1p-24}));
    CHECK_THROWS(rates(of_type("<f8", bytes<double>({1, NAN}))), "finite values, received nan");

    CHECK(reads_extremes<std::int8_t>("|i1") && reads_extremes<std::uint8_t>("|u1"));
    CHECK(reads_extremes<std::int16_t>("<i2") && reads_extremes<std::uint16_t>("<u2"));
    CHECK(reads_extremes<std::int32_t>("<i4") && reads_extremes<std::uint32_t>("<u4"));
    CHECK(reads_extremes<std::int64_t>("<i8") && reads_extremes<std::uint64_t>("<u8"));
    CHECK(reads_extremes<float>("<f4") && reads_extremes<double>("<f8"));
    for (const std::size_t length : {std::size_t{118}, std::size_t{255}, std::size_t{0xFEDC}}) {
        for (const char version : {'\1', '\2', '\3'}) {
            CHECK((rates(file(header, doubles, length, version)) == rates(whole)));
        }
    }
    CHECK((rates(file(header, doubles, 0x21543, 2)) == rates(whole)));

    const std::string written = annconv::npy_header("<f8", {2, 3}) + doubles;
    CHECK((rates(written) == std::vector<double>{1.5, -2, 3, 4, 5, 6}));
    CHECK((written.size() - doubles.size()) % 64 == 0);
    CHECK_THROWS(annconv::parse_npy(whole + "x"), "longer than its shape says");

    for (std::size_t length = 0; length < whole.size(); ++length) {
        CHECK_THROWS(annconv::parse_npy(whole.substr(0, length)), "");
    }
    for (const char* shape : {"(2, 4)", "(99999999999999999999, )", "(4294967296, 4294967296)"}) {
        const std::string large = "{'descr': '<f8', 'fortran_order': False, 'shape': ";
        CHECK_THROWS(annconv::parse_npy(file(large + shape + ", }", doubles)), "cut short");
    }
    for (const char* shape : {"(-2, 3)", "(2.0, 3)", "(2, 3 x)", "[2, 3), (2, 3)", "2, 3)"}) {
        const std::string damaged = "{'descr': '<f8', 'fortran_order': False, 'shape': ";
        CHECK_THROWS(annconv::parse_npy(file(damaged + shape + ", }", doubles)), "no shape of");
    }
    for (const char version : {'\0', '\4', '\xff'}) {
        std::string other = whole;
        other[6] = version;
        CHECK_THROWS(annconv::parse_npy(other), "expected 1 to 3");
    }
    const std::string fortran = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }";
    CHECK_THROWS(annconv::parse_npy(file(fortran, doubles)), "Fortran");
    CHECK_THROWS(annconv::parse_npy(of_type(">f8", bytes<double>({1, 2}))), "'>f8'");
    return EXIT_SUCCESS;
}
