// The .npy reader on files as NumPy writes them, and on damaged ones.
#include "annconv/npy.hpp"

#include "check.hpp"

namespace {

std::string file(const std::string& header, const std::string& data) {
    std::string text = header;
    text.resize(118, ' ');
    return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + text + data;
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
