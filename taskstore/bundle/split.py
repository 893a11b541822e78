"""Writing a bundle's file: whole, or cut into numbered parts of a given size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from taskstore.bundle.limits import PART_BYTES, PARTS
from taskstore.bundle.parts import HEADER, OpenFile, Part, chunks, sha256_of
from taskstore.disk.outgoing import require_absent, scratch, writing
from taskstore.errors import InvalidInputError

Result = TypeVar("Result")


def write_file(path: Path, most: int | None, write: Callable[[BinaryIO], Result]) -> tuple[Result, list[Path]]:
    """What `write` writes, in the new file `path`; or, if that has more than `most` bytes, in parts beside it, of at
    most so many each. Returns what `write` returned and the files made, all durable.

    Raises InvalidInputError for a size that is too small, AlreadyExistsError, StorageError.
    """
    if most is None:
        with writing(path) as file:
            return write(file), [path]
    if most < PART_BYTES:
        raise InvalidInputError(f"parts of {most} bytes", hint=f"make them at least {PART_BYTES} bytes large")
    require_absent(path)
    with scratch(path) as (file, name):
        result = write(file)
        file.flush()
        whole = OpenFile(name)
        try:
            return result, _cut(whole, path, most)
        finally:
            whole.close()


def _cut(whole: OpenFile, path: Path, most: int) -> list[Path]:
    if whole.size <= most:
        with writing(path) as out:
            out.writelines(chunks(whole))
        return [path]
    share = most - HEADER
    count = -(-whole.size // share)
    if count > PARTS:
        raise InvalidInputError(f"{count} parts", hint=f"at most {PARTS} are made: make them larger")
    bundle = sha256_of(whole)
    made: list[Path] = []
    try:
        for number in range(1, count + 1):
            offset = (number - 1) * share
            length = min(share, whole.size - offset)
            part = Part(bundle, whole.size, number, count, offset, length, sha256_of(whole, offset, length))
            name = path.with_name(f"{path.name}.part{number:04d}")
            with writing(name) as out:
                made.append(name)
                out.write(part.encode())
                out.writelines(chunks(whole, offset, length))
    except BaseException:
        for name in made:
            name.unlink(missing_ok=True)
        raise
    return made
