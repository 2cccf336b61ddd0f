"""Model files: read into memory, checked there, and only what was checked is handed to Keras."""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from annconv.errors import AnnconvError, LayerProblem, ModelFileError
from annconv.frontend.configuration import (
    MalformedConfigurationError,
    check_configuration,
    renewed,
    told_input_shape,
)
from annconv.frontend.hdf5 import Findings, inspect_apart, inspect_hdf5, with_configuration
from annconv.frontend.saved_by import DAMAGED, SAVE_AGAIN, is_old, told_version, way_out
from annconv.frontend.sizes import grows_too_much

ZIP_START, HDF5_START = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
MAXIMUM_CONFIGURATION = 2**24
"""Characters of a configuration: many thousand layers. Parsed, it takes some thirty times that."""
CONFIGURATION, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"


@dataclass(frozen=True, slots=True, eq=False)
class ModelFile:
    """A model file whose configuration and weights were checked.

    Attributes:
        path: Where it was read.
        suffix: ".keras" or ".h5", by content.
        content: What Keras may see: an HDF5 file, or a fresh archive that holds configuration and
            weights alone.
        saved_by: Version of the Keras that saved it, None if the file does not tell.
        input_shape: Shape of the samples, batch axis included, where the first layer tells it.
        refused: Layers that no handler reads, known before Keras builds them.
    """

    path: Path
    suffix: str
    content: bytes
    saved_by: str | None
    input_shape: tuple[Any, ...] | None
    refused: tuple[LayerProblem, ...]


def read_model_file(path: str | os.PathLike[str]) -> ModelFile:
    """Read and check a `.keras` or HDF5 file.

    Args:
        path: The file. Its content decides on the format, not its name.
    Raises:
        ModelFileError: It is missing, cut short, damaged, of another format or unsafe.
        UnsupportedModelError: Its configuration names code that is not Keras' own.
    """
    given = Path(path)
    content = _read_bytes(given)
    if content.startswith(HDF5_START):
        saved, saved_by = _hdf5_configuration(given, content)
        configuration = renewed(saved)
        refused = _check_configuration(given, configuration, saved_by, ".h5")
        if configuration is not saved:
            content = with_configuration(content, json.dumps(configuration))
        shape = told_input_shape(configuration)
        return ModelFile(given, ".h5", content, saved_by, shape, refused)
    saved, weights, saved_by = _unpack(given, content)
    configuration = renewed(saved)
    refused = _check_configuration(given, configuration, saved_by, ".keras")
    _check_findings(given, inspect_hdf5(weights), f"{WEIGHTS} in it")
    packed, shape = _pack(configuration, weights), told_input_shape(configuration)
    return ModelFile(given, ".keras", packed, saved_by, shape, refused)


def load(file: ModelFile, keras: ModuleType) -> Any:
    """The Keras model of a checked file, not compiled.

    Raises:
        ModelFileError: Keras cannot load it, or reads something else than the file says.
        AnnconvError: There is no temporary folder for what Keras may see of it, or a warning of
            Keras became an error.
    """
    with _temporary(file) as checked:
        try:
            model = keras.models.load_model(checked, compile=False, safe_mode=True)
        except Exception as error:
            said = f"{type(error).__name__}: {_reason(error)}"
            if _began_as_warning(error):
                raise AnnconvError(
                    f"{file.path}: Keras warned while it loaded the file, and this process makes"
                    f" errors of warnings ({said}). Instead: read it without -W error,"
                    " PYTHONWARNINGS=error or warnings.simplefilter('error')."
                ) from error
            raise _not_loaded(file, keras, "cannot load it", said) from error
    if file.input_shape is not None:
        built = getattr(model, "inputs", None)
        shape = tuple(model.input_shape) if built else None
        if shape != file.input_shape:
            said = f"its samples become {shape}, the file says {file.input_shape}"
            raise _not_loaded(file, keras, "misreads it", said)
    return model


def _began_as_warning(error: BaseException | None) -> bool:
    """Whether an error is a warning, or was raised because of one."""
    while error is not None and not isinstance(error, Warning):
        error = error.__cause__ or error.__context__
    return error is not None


def _reason(error: Exception) -> str:
    """What Keras says, without the settings that it repeats in front of the reason."""
    said = " ".join(str(error).split())
    return re.sub(r" using config=.* Exception encountered: ", ": ", said)[:300]


def _not_loaded(file: ModelFile, keras: ModuleType, what: str, said: str) -> ModelFileError:
    """The error of a file that this Keras does not read."""
    here = str(keras.__version__)
    saver = f", saved by Keras {file.saved_by}" if file.saved_by not in (None, here) else ""
    instead = way_out(file.saved_by, here, file.suffix)
    if file.refused:
        listed = (f"{entry.layer!r} {entry.type}, as {entry.why}" for entry in file.refused)
        instead += f". Besides, these cannot be read: {'; '.join(listed)}"
    return ModelFileError(file.path, f"Keras {here} {what}{saver} ({said})", instead=instead)


@contextmanager
def _temporary(file: ModelFile) -> Iterator[Path]:
    """The checked content as a file for Keras, which reads from a path alone."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="annconv-"))
            checked = Path(folder) / f"model{file.suffix}"
            checked.write_bytes(file.content)
        except OSError as error:
            raise AnnconvError(
                f"{file.path}: what was checked of it cannot be written for Keras to a temporary"
                f" folder ({error.strerror}). Instead: set TMPDIR to a folder that can be written"
                f" and has room for {len(file.content)} bytes."
            ) from error
        yield checked


def _read_bytes(path: Path) -> bytes:
    """The content of a regular file that begins like a model file."""
    try:
        if path.is_dir():
            _refuse(path, "it is a folder, not a model file", SAVE_AGAIN)
        if not path.exists():
            _refuse(path, "there is no such file", "give the path of a .keras or .h5 file")
        if not path.is_file():
            _refuse(path, "it is not a regular file", "give the path of a .keras or .h5 file")
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            path, f"it cannot be read ({error.strerror})", instead="check its permissions"
        ) from error
    if not content:
        _refuse(path, "the file is empty", DAMAGED)
    if not content.startswith((ZIP_START, HDF5_START)):
        what = "it is neither a zip archive (.keras) nor an HDF5 file (.h5)"
        _refuse(path, what, SAVE_AGAIN)
    return content


def _refuse(path: Path, what: str, instead: str) -> NoReturn:
    raise ModelFileError(path, what, instead=instead)


def _check_configuration(
    path: Path, configuration: Any, saved_by: str | None, suffix: str
) -> tuple[LayerProblem, ...]:
    renewal = way_out(saved_by, "3", suffix) if is_old(saved_by) else ""
    try:
        return check_configuration(configuration, renewal)
    except MalformedConfigurationError as error:
        raise ModelFileError(
            path, f"its configuration is not that of a Keras model: {error}", instead=DAMAGED
        ) from error


def _parse(path: Path, text: bytes | str, where: str) -> Any:
    if len(text) > MAXIMUM_CONFIGURATION:
        what = f"{where} has {len(text)} characters, expected at most {MAXIMUM_CONFIGURATION}"
        _refuse(path, what, SAVE_AGAIN)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            path, f"{where} is not valid JSON ({error})", instead=DAMAGED
        ) from error


def _unpack(path: Path, content: bytes) -> tuple[Any, bytes, str | None]:
    """Configuration, weights and Keras' version of a `.keras` archive, every part checked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
            for part in archive.infolist():
                if grows_too_much(part.file_size, part.compress_size):
                    what = f"{part.filename!r} would grow to {part.file_size} bytes when unpacked"
                    _refuse(path, what, SAVE_AGAIN)
            if grows_too_much(unpacked, len(content)):
                _refuse(path, f"it would grow to {unpacked} bytes when unpacked", SAVE_AGAIN)
            damaged = archive.testzip()
            if damaged is not None:
                _refuse(path, f"the checksum of {damaged!r} is wrong, the file is damaged", DAMAGED)
            names = archive.namelist()
            for name in (CONFIGURATION, WEIGHTS):
                if names.count(name) != 1:
                    what = f"it holds {names.count(name)} parts named {name!r}, expected one"
                    _refuse(path, what, SAVE_AGAIN)
            text, weights = archive.read(CONFIGURATION), archive.read(WEIGHTS)
            metadata = archive.read(METADATA) if METADATA in names else b""
    except ModelFileError:
        raise
    except Exception as error:
        raise ModelFileError(
            path, f"the archive is cut short or damaged ({error})", instead=DAMAGED
        ) from error
    return _parse(path, text, CONFIGURATION), weights, _version(metadata)


def _version(metadata: bytes) -> str | None:
    """The version in the metadata of an archive; they are of no other use and may be anything."""
    try:
        told = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    return told_version(told.get("keras_version")) if isinstance(told, dict) else None


def _pack(configuration: Any, weights: bytes) -> bytes:
    """A fresh archive of the parts that were checked."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(CONFIGURATION, json.dumps(configuration))
        archive.writestr(WEIGHTS, weights)
    return packed.getvalue()


def _hdf5_configuration(path: Path, content: bytes) -> tuple[Any, str | None]:
    """Configuration and Keras' version of an HDF5 model file, after checking every part of it."""
    found = inspect_apart(content)
    _check_findings(path, found, "the file")
    if found.configuration is None:
        what = "it holds no model, perhaps weights alone (no attribute 'model_config')"
        _refuse(path, what, SAVE_AGAIN)
    return _parse(path, found.configuration, "its attribute 'model_config'"), found.saved_by


def _check_findings(path: Path, found: Findings, where: str) -> None:
    if found.damage:
        _refuse(path, f"{where} is cut short or damaged ({found.damage})", DAMAGED)
    if found.faults:
        what = f"{where} is not as Keras writes it: {'; '.join(found.faults)}"
        _refuse(path, what, SAVE_AGAIN)
