"""Extensions and programs are built once, found again, and repaired."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from annconv.build import toolchain
from annconv.build.builder import (
    Artifact,
    Support,
    build_extension,
    build_program,
    find_extension,
)
from annconv.build.cache import Cache
from annconv.build.key import BuildKey
from annconv.environment import Environment
from annconv.errors import BuildError, CacheError, OptionError
from annconv.options import CompileOptions

pytestmark = pytest.mark.compiles

Kernels = Callable[[int], dict[str, str]]
MAIN = {"main.cpp": "int main() { return 7; }\n"}
ASKS = (
    "import importlib.util, sys; path, name = sys.argv[1:];"
    "spec = importlib.util.spec_from_file_location(name, path);"
    "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module);"
    "print(module.answer())"
)


def answer(artifact: Artifact) -> int:
    """What the extension answers, asked in another process."""
    command = [sys.executable, "-c", ASKS, str(artifact.path), f"{artifact.key}.network"]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def entry_labels(environment: Environment) -> list[str]:
    return sorted(entry.label for entry in Cache(environment.cache).entries())


def test_an_extension_is_built_once_and_then_found(
    kernels: Kernels, options: CompileOptions, environment: Environment, support: Support
) -> None:
    def find() -> Artifact | None:
        return find_extension("one", options, environment=environment, support=support)

    def build(number: int, identity: str) -> Artifact:
        return build_extension(
            kernels(number), options, identity=identity, environment=environment, support=support
        )

    assert find() is None
    built = build(1, "one")
    assert not built.cached
    assert answer(built) == 1
    assert built.path.parent == built.folder
    assert stat.S_IMODE(built.folder.stat().st_mode) == 0o700
    assert "kernels.cpp" in built.log.read_text()
    assert build(1, "one") == replace(built, cached=True)
    assert find() == replace(built, cached=True)
    assert find_extension("two", options, environment=environment, support=support) is None
    other = build(2, "two")
    assert (answer(other), answer(built)) == (2, 1)
    assert entry_labels(environment) == ["binding", "network", "network"]  # one binding for both


def test_a_warm_look_up_starts_no_program(
    kernels: Kernels,
    options: CompileOptions,
    environment: Environment,
    support: Support,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built = build_extension(
        kernels(1), options, identity="one", environment=environment, support=support
    )

    def started(*arguments: object, **keywords: object) -> None:
        raise AssertionError(arguments, keywords)

    monkeypatch.setattr(subprocess, "Popen", started)
    found = find_extension("one", options, environment=environment, support=support)
    assert found == replace(built, cached=True)


def test_an_edited_support_library_is_noticed(
    kernels: Kernels, options: CompileOptions, environment: Environment, support: Support
) -> None:
    first = build_extension(
        kernels(1), options, identity="one", environment=environment, support=support
    )
    (support.folder / "include" / "annconv" / "more.hpp").write_text("#pragma once\n")
    assert find_extension("one", options, environment=environment, support=support) is None
    second = build_extension(
        kernels(1), options, identity="one", environment=environment, support=support
    )
    assert not second.cached
    keys = [BuildKey.from_json((made.folder / "key.json").read_text()) for made in (first, second)]
    assert keys[0].differences(keys[1]) == ("support",)


def test_precisions_share_the_binding_and_have_keys_of_their_own(
    kernels: Kernels, environment: Environment, support: Support
) -> None:
    built = [
        build_extension(
            kernels(1),
            CompileOptions(precision=precision, compiler_level=0),
            identity="one",
            environment=environment,
            support=support,
        )
        for precision in ("single", "double")
    ]
    assert built[0].key != built[1].key
    assert entry_labels(environment) == ["binding", "network", "network"]
    keys = [BuildKey.from_json((made.folder / "key.json").read_text()) for made in built]
    assert "-ffp-contract=fast" in keys[0].flags
    assert "-ffp-contract=off" in keys[1].flags
    assert "-march=native" not in keys[0].flags
    assert keys[0].differences(keys[1]) == ("sources", "flags")  # CMakeLists.txt holds the flags


def test_keys_do_not_depend_on_time_and_folder(
    options: CompileOptions, tmp_path: Path, support: Support
) -> None:
    for path in support.folder.rglob("*.hpp"):
        os.utime(path, (1, 1))
    keys = {
        build_program(
            MAIN,
            options,
            environment=Environment(cache=tmp_path / name, keep=None, compiler=None),
            support=support,
        ).key
        for name in ("one", "other")
    }
    assert len(keys) == 1


@pytest.mark.parametrize("suffix", ["network*.so", "manifest.json"])
def test_a_damaged_extension_is_not_found_and_rebuilt(
    kernels: Kernels,
    options: CompileOptions,
    environment: Environment,
    support: Support,
    suffix: str,
) -> None:
    def build() -> Artifact:
        return build_extension(
            kernels(1), options, identity="one", environment=environment, support=support
        )

    (damaged,) = build().folder.glob(suffix)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    assert find_extension("one", options, environment=environment, support=support) is None
    repaired = build()
    assert not repaired.cached
    assert answer(repaired) == 1


def test_a_damaged_binding_is_rebuilt(
    kernels: Kernels, options: CompileOptions, environment: Environment, support: Support
) -> None:
    def build(number: int) -> Artifact:
        return build_extension(
            kernels(number), options, identity="", environment=environment, support=support
        )

    build(1)
    (binding,) = (entry for entry in Cache(environment.cache).entries() if entry.label == "binding")
    (binding.folder / "binding.o").write_bytes(b"")
    assert answer(build(2)) == 2


# Programs


CONTRACTED = {
    "main.cpp": """
int main() {
    volatile double a = 1.0 + 1.0 / (1 << 30), b = a, c = -1.0 - 1.0 / (1 << 29);
    return a * b + c == 0.0 ? 0 : 1;  // in one rounding 2^-60 is left
}
"""
}


def test_double_precision_is_not_contracted(environment: Environment, support: Support) -> None:
    options = CompileOptions(precision="double")
    built = build_program(CONTRACTED, options, environment=environment, support=support)
    assert subprocess.run([built.path], check=False).returncode == 0


def test_a_program_runs(
    options: CompileOptions, environment: Environment, support: Support
) -> None:
    sources = {
        "main.cpp": '#include "part/value.hpp"\nint main() { return value(); }\n',
        "part/value.hpp": "int value();\n",
        "part/value.cpp": '#include "part/value.hpp"\nint value() { return 7; }\n',
    }
    built = build_program(sources, options, environment=environment, support=support)
    assert subprocess.run([built.path], check=False).returncode == 7
    assert build_program(sources, options, environment=environment, support=support).cached
    key = BuildKey.from_json((built.folder / "key.json").read_text())
    assert key.binding is None


@pytest.mark.sanitizer
def test_sanitizers_end_a_program(
    options: CompileOptions, environment: Environment, support: Support
) -> None:
    main = "int main(int n, char**) { int a[2] = {0, 0}; int* p = a; return p[n + 5]; }\n"
    built = build_program(
        {"main.cpp": main},
        replace(options, sanitize=True),
        environment=environment,
        support=support,
    )
    done = subprocess.run([built.path], check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "stack-buffer-overflow" in done.stderr


def test_sanitizers_are_refused_for_an_extension(
    environment: Environment, support: Support
) -> None:
    with pytest.raises(OptionError, match="sanitize: expected False for an extension module"):
        build_extension(
            {}, CompileOptions(sanitize=True), identity="", environment=environment, support=support
        )


# Failures


def test_a_missing_compiler_is_a_build_error(
    kernels: Kernels,
    options: CompileOptions,
    tmp_path: Path,
    support: Support,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CXX", "/nonexistent")
    monkeypatch.setenv("ANNCONV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(BuildError, match="no C\\+\\+ compiler, looked for CXX='/nonexistent'"):
        build_extension(kernels(1), options, identity="one", support=support)
    assert find_extension("one", options, support=support) is None
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildError, match="no C\\+\\+ compiler, looked for c\\+\\+, g\\+\\+, clang"):
        build_program(MAIN, options, support=support)


def test_a_compile_error_is_quoted_and_the_cache_stays_usable(
    kernels: Kernels, options: CompileOptions, environment: Environment, support: Support
) -> None:
    broken = kernels(1) | {"broken.cpp": "int f() {\n  return nothing;\n}\n"}
    with pytest.raises(BuildError) as caught:
        build_extension(broken, options, identity="one", environment=environment, support=support)
    error = caught.value
    assert error.stage == "compiling broken.cpp"
    assert error.why == "exit code 1"
    assert error.first_error.startswith("src/broken.cpp:2:10: error: ")
    assert "nothing" in error.first_error
    assert "-c src/broken.cpp" in error.command[0]
    assert error.log is not None
    assert error.first_error.removeprefix("src/") in Path(error.log).read_text()
    assert entry_labels(environment) == ["binding"]
    root = Cache(environment.cache).root
    assert list((root / "building").iterdir()) == []
    assert find_extension("one", options, environment=environment, support=support) is None
    built = build_extension(
        kernels(1), options, identity="one", environment=environment, support=support
    )
    assert answer(built) == 1


def test_a_link_error_is_quoted(
    options: CompileOptions, environment: Environment, support: Support
) -> None:
    main = {"main.cpp": "int elsewhere();\nint main() { return elsewhere(); }\n"}
    with pytest.raises(BuildError) as caught:
        build_program(main, options, environment=environment, support=support)
    assert caught.value.stage == "linking network"
    assert "undefined reference to `elsewhere()'" in caught.value.first_error


def test_tools_that_leave_nothing_are_told(
    options: CompileOptions,
    environment: Environment,
    support: Support,
    tmp_path: Path,
) -> None:
    compiler = tmp_path / "compiler"
    real = toolchain.locate_compiler(None, dict(os.environ))
    compiler.write_text(f'#!/bin/sh\ncase "$*" in *"-o network"*) ;; *) exec {real} "$@";; esac\n')
    compiler.chmod(0o755)
    lazy = replace(environment, compiler=str(compiler))
    with pytest.raises(
        BuildError, match="the tools reported no error, but left no network"
    ) as told:
        build_program(MAIN, options, environment=lazy, support=support)
    assert told.value.log is not None
    assert "-o network" in Path(told.value.log).read_text()
    assert "set CXX to another compiler" in str(told.value)


def test_a_cache_that_cannot_be_tidied_is_told_and_the_build_is_there(
    kernels: Kernels,
    options: CompileOptions,
    environment: Environment,
    support: Support,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*arguments: object) -> None:
        raise CacheError("index", "no space left on device", instead="free some space")

    monkeypatch.setattr(Cache, "remember", full)
    monkeypatch.setattr("annconv.build.builder.prune", full)
    built = build_extension(
        kernels(1), options, identity="one", environment=environment, support=support
    )
    assert answer(built) == 1
    told = "the build is there, but the cache could not be tidied: index: no space left on device"
    assert [text.startswith(told) for text in caplog.messages] == [True] * 3  # the binding's prune


def test_compilers_keep_their_temporary_files_in_the_build(
    options: CompileOptions,
    environment: Environment,
    support: Support,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    compiler = tmp_path / "compiler"
    real = toolchain.locate_compiler(None, dict(os.environ))
    noted = tmp_path / "noted"
    compiler.write_text(
        f'#!/bin/sh\ncase "$*" in *-c*main.cpp*) echo "$TMPDIR" >{noted};; esac\nexec {real} "$@"\n'
    )
    compiler.chmod(0o755)
    mine = replace(environment, compiler=str(compiler))
    built = build_program(MAIN, options, environment=mine, support=support)
    root = Cache(environment.cache).root
    (used,) = noted.read_text().splitlines()
    assert Path(used).is_relative_to(root / "building")
    assert not Path(used).exists()
    assert sorted(path.name for path in built.folder.iterdir()) == [
        *("build.log", "key.json", "manifest.json", "network", "src")
    ]


def test_warnings_are_errors_only_if_asked_for(
    options: CompileOptions, environment: Environment, support: Support
) -> None:
    main = {"main.cpp": "int main() { int unused = 0; }\n"}
    build_program(main, options, environment=environment, support=support)
    strict = replace(options, strict_warnings=True)
    with pytest.raises(BuildError, match="unused"):
        build_program(main, strict, environment=environment, support=support)


def test_a_failing_configuration_is_quoted(
    options: CompileOptions, environment: Environment, support: Support
) -> None:
    with pytest.raises(BuildError, match=r"configuring failed .*\n.*CMake Error"):
        build_program({}, options, environment=environment, support=support)


# Keeping the stages


def test_all_stages_are_kept_and_can_be_built_by_hand(
    kernels: Kernels,
    options: CompileOptions,
    environment: Environment,
    support: Support,
    tmp_path: Path,
) -> None:
    keep = tmp_path / "out"
    keeping = replace(environment, keep=keep)
    built = build_extension(
        kernels(1), options, identity="one", environment=keeping, support=support
    )
    assert BuildKey.from_json((keep / "key.json").read_text()).digest() == built.key
    assert (keep / "build.log").read_text() == built.log.read_text()
    edited = keep / "src" / "kernels.cpp"
    edited.write_text(edited.read_text().replace("return 1", "return 5"))
    tools = toolchain.find_toolchain(None, python=True)
    for arguments in (
        [
            *("-S", "src", "-B", "try", "-G", "Ninja"),
            f"-DANNCONV_PYTHON={sys.executable}",
            f"-DCMAKE_MAKE_PROGRAM={tools.ninja.path}",
        ],
        ["--build", "try"],
    ):
        subprocess.run([tools.cmake.path, *arguments], cwd=keep, check=True, capture_output=True)
    by_hand = replace(built, path=keep / "try" / built.path.name)
    assert answer(by_hand) == 5


def test_a_hit_and_a_failure_are_kept_too(
    kernels: Kernels,
    options: CompileOptions,
    environment: Environment,
    support: Support,
    tmp_path: Path,
) -> None:
    build_extension(kernels(1), options, identity="one", environment=environment, support=support)
    for name in ("found", "hit"):
        keeping = replace(environment, keep=tmp_path / name)
        if name == "found":
            assert find_extension("one", options, environment=keeping, support=support)
        else:
            build_extension(
                kernels(1), options, identity="one", environment=keeping, support=support
            )
        kept = sorted(path.name for path in (tmp_path / name).iterdir())
        assert kept == ["build.log", "key.json", "src"]
    failing = replace(environment, keep=tmp_path / "failing")
    with pytest.raises(BuildError):
        build_program({"main.cpp": "int main("}, options, environment=failing, support=support)
    assert (tmp_path / "failing" / "src" / "main.cpp").read_text() == "int main("
    assert "error" in (tmp_path / "failing" / "build.log").read_text()
    assert json.loads((tmp_path / "failing" / "key.json").read_text())["binding"] is None


def test_a_folder_that_cannot_keep_is_told(
    options: CompileOptions, environment: Environment, support: Support, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    keeping = replace(environment, keep=tmp_path / "file")
    with pytest.raises(CacheError, match="set ANNCONV_KEEP to a folder that can be written to"):
        build_program(MAIN, options, environment=keeping, support=support)


# Odd places


ODD_NAMES = {
    "space and apostrophe": "it's with space",
    "letters of the world": "ünï-日本",
    "signs": "$HOME #1 %x @y@ ${z} (a) [b] *?&<`!^=~:,",
    "no text": os.fsdecode(b"caf\xe9"),
}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
def test_the_cache_may_have_any_usual_name(
    kernels: Kernels, options: CompileOptions, tmp_path: Path, support: Support, name: str
) -> None:
    environment = Environment(cache=tmp_path / name, keep=None, compiler=None)
    built = build_extension(
        kernels(3), options, identity="one", environment=environment, support=support
    )
    assert answer(built) == 3


def test_cmake_and_ninja_from_path_build_as_well(
    options: CompileOptions,
    environment: Environment,
    support: Support,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tools = toolchain.find_toolchain(None, python=False)
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in (tools.cmake, tools.ninja):
        (folder / tool.path.name).symlink_to(tool.path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))
    monkeypatch.setattr(toolchain, "_package", lambda _: None)
    built = build_program(MAIN, options, environment=environment, support=support)
    assert str(folder / "cmake") in built.log.read_text()
    assert subprocess.run([built.path], check=False).returncode == 7
