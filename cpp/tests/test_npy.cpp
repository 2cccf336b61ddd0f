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

}  // namespace

int main() {
    const std::string doubles = bytes<double>({1.5, -2, 3, 4, 5, 6});
    const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
    const annconv::NpyArray array = annconv::parse_npy(file(header, doubles));
    CHECK((array.shape == std::vector<std::int64_t>{2, 3}));
    CHECK((array.values == std::vector<double>{1.5, -2, 3, 4, 5, 6}));

    const std::string floats = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    CHECK((annconv::parse_npy(file(floats, bytes<float>({0.5f, 8}))).values ==
           std::vector<double>{0.5, 8}));

    const std::string whole = file(header, doubles);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CHECK_THROWS(annconv::parse_npy(whole.substr(0, length)), "");
    }
    for (const char* shape : {"(2, 4)", "(99999999999999999999, )", "(4294967296, 4294967296)"}) {
        const std::string large = "{'descr': '<f8', 'fortran_order': False, 'shape': ";
        CHECK_THROWS(annconv::parse_npy(file(large + shape + ", }", doubles)), "cut short");
    }
    const std::string fortran = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }";
    CHECK_THROWS(annconv::parse_npy(file(fortran, doubles)), "Fortran");
    const std::string integers = "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }";
    CHECK_THROWS(annconv::parse_npy(file(integers, doubles)), "'<i8'");
    return EXIT_SUCCESS;
}
