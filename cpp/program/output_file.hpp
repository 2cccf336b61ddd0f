// Files that are there whole or not at all: written beside their place, and moved there at the end.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace program {

class OutputFile {
   public:
    // Throws std::runtime_error where the file cannot be written.
    explicit OutputFile(const std::string& path) : path_(path), written_(path) {
        struct stat about{};
        const bool exists = ::stat(path.c_str(), &about) == 0;
        // A device or a pipe is written to where it is.
        moves_ = !exists || S_ISREG(about.st_mode);
        if (moves_) written_ += ".part" + std::to_string(::getpid());
        file_ = std::fopen(written_.c_str(), "wb");
        if (file_ == nullptr) fail(errno);
    }

    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    ~OutputFile() {
        if (file_ != nullptr) std::fclose(file_);
        if (!finished_ && moves_) std::remove(written_.c_str());
    }

    void write(std::string_view bytes) {
        if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail(errno);
    }

    // Everything has reached the file system.
    void complete() {
        if (std::fflush(file_) != 0 || (moves_ && ::fsync(::fileno(file_)) != 0)) fail(errno);
        std::FILE* const file = file_;
        file_ = nullptr;
        if (std::fclose(file) != 0) fail(errno);
    }

    // To its place, once it is complete.
    void move() {
        if (moves_ && std::rename(written_.c_str(), path_.c_str()) != 0) fail(errno);
        finished_ = true;
    }

   private:
    [[noreturn]] void fail(int error) const {
        throw std::runtime_error(
            path_ + ": expected a file that can be written, received: " + std::strerror(error));
    }

    std::string path_, written_;
    bool moves_ = true, finished_ = false;
    std::FILE* file_ = nullptr;
};

}  // namespace program
