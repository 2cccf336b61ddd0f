// A file's content in memory: read by the system where it is used, and shared by all processes.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace annconv {

class MappedFile {
   public:
    MappedFile() = default;

    // Throws std::runtime_error that says why a file cannot be read.
    explicit MappedFile(const std::string& path) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) refuse(errno);
        struct stat about{};
        if (::fstat(file, &about) != 0) refuse_and_close(file, errno);
        if (!S_ISREG(about.st_mode))
            refuse_and_close(file, S_ISDIR(about.st_mode) ? EISDIR : EINVAL);
        size_ = static_cast<std::size_t>(about.st_size);
        if (size_ > 0) {
            void* const bytes = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
            if (bytes == MAP_FAILED) refuse_and_close(file, errno);
            bytes_ = static_cast<const char*>(bytes);
        }
        ::close(file);
    }

    MappedFile(MappedFile&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    MappedFile& operator=(MappedFile&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        return *this;
    }

    ~MappedFile() {
        if (bytes_ != nullptr) ::munmap(const_cast<char*>(bytes_), size_);
    }

    std::string_view bytes() const { return {bytes_, size_}; }

   private:
    [[noreturn]] static void refuse(int error) {
        throw std::runtime_error(std::string("expected a file that can be read, received: ") +
                                 (error == EINVAL ? "no plain file" : std::strerror(error)));
    }

    [[noreturn]] static void refuse_and_close(int file, int error) {
        ::close(file);
        refuse(error);
    }

    const char* bytes_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace annconv
