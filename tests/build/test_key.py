"""The key holds everything that can change the binary, and neither time nor folder."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from annconv.build.key import BuildKey, folder_digest, source_digests

CHANGES = {
    "sources": (("CMakeLists.txt", "aa"), ("kernels.cpp", "b2")),
    "support": "c2",
    "compiler": ("/usr/bin/g++-12", "g++ 12.3.0", "x86_64-linux-gnu"),
    "cmake": ("3.30.2", "Ninja"),
    "flags": ("-O3", "-march=znver5"),
    "binding": None,
    "environment": (),
}


def test_every_field_is_tried() -> None:
    assert set(CHANGES) == {field.name for field in fields(BuildKey)}


@pytest.mark.parametrize("name", CHANGES)
def test_every_field_changes_the_digest(key: BuildKey, name: str) -> None:
    changed = replace(key, **{name: CHANGES[name]})
    assert changed.digest() != key.digest()
    assert changed.differences(key) == (name,)


def test_equal_keys_have_equal_digests(key: BuildKey) -> None:
    assert replace(key).digest() == key.digest()
    assert len(key.digest()) == 64
    assert key.differences(key) == ()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"sources": (("a.cpp", "1"), ("kernels.cpp", "other"))},
            "sources (kernels.cpp changed, a.cpp added, CMakeLists.txt removed)",
        ),
        ({"support": "dd"}, "support (annconv's own C++ has changed)"),
        (
            {"compiler": ("/usr/bin/g++-13", "g++ 13.1", "x86_64-linux-gnu")},
            (
                "compiler (/usr/bin/g++-13 g++ 13.1 x86_64-linux-gnu instead of "
                "/usr/bin/g++-12 g++ 12.2.0 x86_64-linux-gnu)"
            ),
        ),
        ({"cmake": ("4.0", "Ninja")}, "cmake (4.0 Ninja instead of 3.30.1 Ninja)"),
        ({"flags": ("-O2", "-march=znver4")}, "flags (-O2 added, -O3 removed)"),
        ({"flags": ("-march=znver4", "-O3")}, "flags (other order)"),
        ({"flags": tuple("abcde")}, "flags (a added, b added, c added, d added and 3 more)"),
        (
            {"binding": None},
            "binding (nothing instead of .cpython-311-x86_64-linux-gnu.so 3.0.1)",
        ),
        ({"environment": (("CPATH", "/x"),)}, "environment (CPATH changed)"),
    ],
)
def test_changes_say_what_differs(key: BuildKey, fields: dict[str, Any], told: str) -> None:
    assert replace(key, **fields).changes(key) == (told,)


def test_equal_keys_have_no_changes_and_different_ones_all(key: BuildKey) -> None:
    assert key.changes(replace(key)) == ()
    other = replace(key, support="dd", cmake=("4.0", "Ninja"))
    assert [text.split(" ")[0] for text in other.changes(key)] == ["support", "cmake"]


@pytest.mark.parametrize("binding", [(".so", "3.0"), None])
def test_json_reads_back(key: BuildKey, binding: tuple[str, str] | None) -> None:
    written = replace(key, binding=binding)
    read = BuildKey.from_json(written.to_json())
    assert read == written
    assert read.digest() == written.digest()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 0}', '{"format": 1, "sources": []}'])
def test_another_text_is_not_a_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"not the key of a build|Expecting value"):
        BuildKey.from_json(text)


def test_sources_are_sorted_and_their_text_counts() -> None:
    first = source_digests({"b.cpp": "1", "a.cpp": "2"})
    assert first == source_digests({"a.cpp": "2", "b.cpp": "1"})
    assert [path for path, _ in first] == ["a.cpp", "b.cpp"]
    assert first != source_digests({"a.cpp": "1", "b.cpp": "2"})
    # printf 1 | sha256sum
    assert first[1][1] == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"


def make_folder(folder: Path) -> Path:
    (folder / "include").mkdir(parents=True)
    (folder / "include" / "a.hpp").write_text("a")
    (folder / "b.cpp").write_text("b")
    return folder


def test_folder_digest_does_not_see_times_and_places(tmp_path: Path) -> None:
    one, other = make_folder(tmp_path / "one"), make_folder(tmp_path / "other" / "place")
    os.utime(one / "b.cpp", (1, 1))
    assert folder_digest(one) == folder_digest(other)


def test_folder_digest_sees_contents_names_and_new_files(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "cpp")
    seen = {folder_digest(folder)}
    (folder / "b.cpp").write_text("c")
    seen.add(folder_digest(folder))
    (folder / "b.cpp").rename(folder / "c.cpp")
    seen.add(folder_digest(folder))
    (folder / "include" / "d.hpp").write_text("")
    seen.add(folder_digest(folder))
    assert len(seen) == 4
