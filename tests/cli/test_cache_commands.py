"""`annconv cache` on a folder whose builds are known."""

from __future__ import annotations

import os
import time

import pytest

from annconv.build.cache import Cache, Entry
from annconv.build.key import BuildKey
from annconv.cli.cache_commands import age_text, entry_lines, size_text

SIZE = 3 * 2**20  # bytes of a build's one large file


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache that the command line uses."""
    monkeypatch.setenv("ANNCONV_CACHE_DIR", str(tmp_path / "cache"))
    return Cache(tmp_path / "cache")


def build(cache, name, *flags, ago=0.0):
    """A build of a network with some flags, last used some seconds ago."""
    key = BuildKey((), "", ("", "", ""), ("", ""), (name, *flags), None, ())

    def fill(work):
        (work / "network.so").write_bytes(bytes(SIZE))

    entry, _ = cache.obtain(key, name, fill)
    used = time.time() - ago
    os.utime(entry.folder / "manifest.json", (used, used))
    return entry


@pytest.fixture
def filled(cache):
    """Three builds of two networks, used an hour, a minute and a day ago."""
    return [
        build(cache, "cnn", "-O2", ago=3700.0),
        build(cache, "cnn", "-O3", ago=65.0),
        build(cache, "mlp", ago=90000.0),
    ]


def test_list_tells_what_each_build_is_for_and_why_it_was_made(annconv, filled):
    status, out, err = annconv("cache", "list")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    fields = [line.split() for line in lines[0:6:2]]
    assert [entry[0] for entry in fields] == [filled[i].digest[:12] for i in (1, 0, 2)]
    assert [entry[-1] for entry in fields] == ["cnn", "cnn", "mlp"]
    assert [" ".join(entry[1:6]) for entry in fields] == [
        "3.0 MiB used 1 minute",
        "3.0 MiB used 1 hour",
        "3.0 MiB used 1 day",
    ]
    assert all("built just now" in line for line in lines[0:6:2])
    assert [line.strip() for line in lines[1:6:2]] == [
        "differs from the most similar build in flags (-O3 added, -O2 removed)",
        "first build of cnn",
        "first build of mlp",
    ]
    assert lines[6:] == ["3 builds, 9.0 MiB"]


def test_an_empty_cache(annconv, cache):
    assert annconv("cache", "list") == (0, "0 builds, 0 B\n", "")
    assert annconv("cache", "clear") == (0, "removed 0 builds, 0 B; left: 0 builds, 0 B\n", "")


def test_size_tells_folder_and_limit(annconv, cache, filled):
    told = "3 builds, 9.0 MiB of 2.0 GiB that are kept after each build"
    assert annconv("cache", "size") == (0, f"{cache.root}\n{told}\n", "")


def test_prune_removes_what_was_not_used_for_longest(annconv, cache, filled):
    nothing = "removed 0 builds, 0 B; left: 3 builds, 9.0 MiB\n"
    assert annconv("cache", "prune") == (0, nothing, "")
    some = "removed 1 build, 3.0 MiB; left: 2 builds, 6.0 MiB\n"
    assert annconv("cache", "prune", "--to", "7M") == (0, some, "")
    assert [entry.label for entry in cache.entries()] == ["cnn", "cnn"]


def test_prune_tells_what_it_leaves(annconv, cache, filled):
    cache.find(filled[0].digest)
    status, out, _ = annconv("cache", "prune", "--to", "0")
    assert status == 0
    assert out == (
        "removed 2 builds, 6.0 MiB; left: 1 build, 3.0 MiB\n"
        "above 0 B: what is being built, or was used in the last 60 seconds, stays\n"
    )


def test_clear_removes_all_but_what_is_being_built(annconv, cache, filled):
    with cache.try_lock(filled[0].digest) as locked:
        assert locked
        out = annconv("cache", "clear")[1]
        assert out == (
            "removed 2 builds, 6.0 MiB; left: 1 build, 3.0 MiB\nwhat is being built stays\n"
        )
    assert annconv("cache", "clear")[1] == "removed 1 build, 3.0 MiB; left: 0 builds, 0 B\n"
    assert list((cache.root / "entries").iterdir()) == []


@pytest.mark.parametrize("action", ["list", "size", "prune", "clear"])
def test_a_folder_that_cannot_be_used(annconv, tmp_path, monkeypatch, action):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANNCONV_CACHE_DIR", str(tmp_path / "file"))
    status, out, err = annconv("cache", action)
    assert (status, out) == (1, "")
    assert err.startswith("CacheError: ")
    assert "set ANNCONV_CACHE_DIR to a folder of your own" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "the following arguments are required: ACTION"),
        (["emtpy"], "invalid choice: 'emtpy'"),
        (["prune", "--to", "much"], "expected a size as 1000, 500M or 1.5G, received 'much'"),
        (["prune", "--to=-1"], "expected a size as 1000, 500M or 1.5G, received '-1'"),
    ],
)
def test_wrong_usage(annconv, arguments, told):
    status, out, err = annconv("cache", *arguments)
    assert (status, out) == (2, "")
    assert told in err


@pytest.mark.compiles
def test_a_compiled_network_is_listed_by_its_name(annconv, saved, samples):
    """In the cache of all tests, where the binding, which takes longest, is there already."""
    assert annconv("predict", saved, samples, "--quiet")[0] == 0
    lines = annconv("cache", "list")[1].splitlines()[:-1]
    assert {"binding", "relay"} <= {line.split()[-1] for line in lines[::2]}


def test_an_entry_in_two_lines(tmp_path):
    entry = Entry("ab" * 32, tmp_path, "my cnn", "first build of my cnn", 2048, 1000.0, 8200.0)
    assert entry_lines(entry, 8210.0) == (
        "abababababab     2.0 KiB  used just now        built 2 hours ago     my cnn",
        "              first build of my cnn",
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (2 * 1024**3, "2.0 GiB"),
        (5000 * 1024**4, "5000.0 TiB"),
    ],
)
def test_sizes(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5.0, "just now"),  # another machine's clock
        (59.0, "just now"),
        (60.0, "1 minute ago"),
        (7200.0, "2 hours ago"),
        (24 * 3600.0, "1 day ago"),
    ],
)
def test_ages(seconds, text):
    assert age_text(seconds) == text
