"""Faults in what exported networks are made of: their C API, their program, their project."""

from __future__ import annotations

from fault import Fault

_INCLUDE = "cpp/include/annconv"
_PROJECT = "annconv/interop/project"

EXPORT_FAULTS = (
    Fault(
        "export-part-spikes", f"{_INCLUDE}/handle.hpp",
        "whole_.spike(first_ + sample, population,", "whole_.spike(sample, population,",
        "spikes of each part of a batch are those of its first samples",
    ),
    Fault(
        "export-part-results", f"{_INCLUDE}/handle.hpp",
        "std::memcpy(target + done * width, source,", "std::memcpy(target, source,",
        "results of each part of a batch stand in the place of the first ones",
    ),
    Fault(
        "export-part-seed", f"{_INCLUDE}/handle.hpp",
        "request.first_sample = how.first_sample + static_cast<std::uint32_t>(done);",
        "request.first_sample = how.first_sample;",
        "each part of a batch draws the numbers of the first one",
    ),
    Fault(
        "export-batch-ends-sample", f"{_INCLUDE}/handle.hpp",
        "started_ = false;\n        for (std::int64_t done", "for (std::int64_t done",
        "a sample is stepped on in what a batch left",
    ),
    Fault(
        "export-block-of-threads", f"{_INCLUDE}/fixed_workspace.hpp",
        "return static_cast<std::size_t>(threads) * each;", "return each * (threads > 0);",
        "all threads but one work behind the handle's memory",
    ),
    Fault(
        "export-tie", f"{_INCLUDE}/labels.hpp",
        "std::floor(number * static_cast<double>(ties))", "std::floor(number)",
        "of tied classes the first one wins",
    ),
    Fault(
        "export-no-score", f"{_INCLUDE}/labels.hpp",
        "return std::isnan(score);", "return std::isnan(score) && score > 0;",
        "scores that are not numbers have a class",
    ),
    Fault(
        "export-folder-as-file", f"{_INCLUDE}/mapped_file.hpp",
        "S_ISDIR(about.st_mode) ? EISDIR : EINVAL", "EINVAL",
        "of a folder it is not told that it is one",
    ),
    Fault(
        "export-brightest", f"{_INCLUDE}/stored_array.hpp",
        "constexpr float kBrightest = 255;", "constexpr float kBrightest = 256;",
        "images are a little too dark",
    ),
    Fault(
        "export-npy-type", f"{_INCLUDE}/npy.hpp",
        "{\"'<u2'\", Element::kUint16},", "{\"'<u2'\", Element::kInt16},",
        "large numbers without a sign are negative",
    ),
    Fault(
        "export-npy-length", f"{_INCLUDE}/npy.hpp",
        "std::size_t length = byte(8) | byte(9) << 8;", "std::size_t length = byte(8);",
        "headers of 256 bytes and more are cut",
    ),
    Fault(
        "export-idx-extent", f"{_INCLUDE}/idx.hpp",
        "std::uint64_t{byte(at + 1)} << 16", "std::uint64_t{byte(at + 1)} << 8",
        "IDX files of 65,536 images are damaged ones",
    ),
    Fault(
        "export-csv-number", "cpp/program/results.hpp",
        "std::to_string(written_ + static_cast<std::int64_t>(index))", "std::to_string(index)",
        "samples of a .csv file are numbered anew in each part",
    ),
    Fault(
        "export-half-a-file", "cpp/program/output_file.hpp",
        "if (!finished_ && moves_) std::remove(written_.c_str());", "",
        "half a file stays where a run fails",
    ),
    Fault(
        "export-next-samples", "cpp/program/samples.hpp",
        "static_cast<std::size_t>(first * values_),", "static_cast<std::size_t>(first),",
        "each part of a file begins near its first sample",
    ),
    Fault(
        "export-two-results", "cpp/program/arguments.hpp",
        "std::count(paths.begin(), paths.end(), path) > 0)",
        "std::count(paths.begin(), paths.end(), path) > 1)",
        "two results are written into one file",
    ),
    Fault(
        "export-arena-slots", "annconv/plan/memory.py",
        "* entry.slots * entry.length)", "* entry.length)",
        "an arena has room for a step of a tile",
    ),
    Fault(
        "export-scratch-of-signs", "annconv/plan/memory.py",
        "return 2 * aligned(size) if arrival.signed else size", "return aligned(size)",
        "sources of signed spikes are given half of what they need",
    ),
    Fault(
        "export-outside-the-folder", f"{_PROJECT}/folder.py",
        "(root / path).resolve().is_relative_to(root) and path", "path",
        "a list in a folder has files elsewhere removed",
    ),
    Fault(
        "export-files-of-yours", f"{_PROJECT}/folder.py",
        "if path not in earlier and (folder / path).exists()", "if False",
        "files that no export wrote are replaced",
    ),
    Fault(
        "export-keeps-spikes", f"{_PROJECT}/context.py",
        '"keeps_spikes": kept is not None,', '"keeps_spikes": True,',
        "spikes that are not kept are promised",
    ),
    Fault(
        "export-population-names", f"{_PROJECT}/naming.py",
        "while made in found:", "while False:",
        "populations that differ in signs alone are one in C",
    ),
    Fault(
        "export-threads-in-pkg-config", "templates/export/pkgconfig.j2",
        "@{{ name }}_thread_flag@", "-pthread ",
        "pkg-config asks for threads where there are none",
    ),
)  # fmt: skip
