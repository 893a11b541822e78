"""Whatever program saves or copies a file into the inbox: it is deployed once, whole, and nothing beside it."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from taskstore.journal.changes import TaskChange
from tests.daemon.plant import Plant, manifest

SFTP_SERVER = Path("/usr/lib/openssh/sftp-server")
OTHER_FILESYSTEM = Path("/dev/shm")
BACKENDS = pytest.mark.parametrize("options", [(), ("--poll", "0.2")], ids=["inotify", "polling"])

VIM = 'vim -u NONE -N -es -c "set swapfile {}" -c "%s/v1/v2/" -c wq "$FILE"'
EDITORS = {
    "vim": VIM.format(""),
    "vim-in-place": VIM.format("backup backupcopy=yes"),
    "vim-renames": VIM.format("backup backupcopy=no"),
    "vim-probes": VIM.format("writebackup backupcopy=auto"),
    "vim-breaks-links": VIM.format("nobackup nowritebackup backupcopy=auto,breakhardlink"),
    "ed": r'printf "%s\n" s/v1/v2/ w q | ed -s "$FILE"',
    "sed": 'sed -i s/v1/v2/ "$FILE"',
    "sed-backup": 'sed -i.bak s/v1/v2/ "$FILE"',
    "emacs": 'ln -s me@here.1 "$DIR/.#$NAME" && sed s/v1/v2/ "$FILE" > "$DIR/#$NAME#" && mv "$FILE" "$FILE~"'
    ' && cp "$DIR/#$NAME#" "$FILE" && rm "$DIR/#$NAME#" "$DIR/.#$NAME"',
    "nano": 'cp -p "$FILE" "$FILE~" && sed s/v1/v2/ "$FILE~" > "$DIR/.kept" && cat "$DIR/.kept" > "$FILE"',
    "atomically": 'sed s/v1/v2/ "$FILE" > "$DIR/.$NAME.tmp" && sync "$DIR/.$NAME.tmp" && mv "$DIR/.$NAME.tmp" "$FILE"',
}
"""Ways to change v1 to v2 in a file: programs, and for those that are not everywhere the steps that they take."""

COPIERS = {
    "cp": 'cp "$SOURCE" "$FILE"',
    "cp-with-times": 'cp -p "$SOURCE" "$FILE"',
    "cat": 'cat "$SOURCE" > "$FILE"',
    "dd": 'dd bs=7 if="$SOURCE" of="$FILE" status=none',
    "install": 'install -m 644 "$SOURCE" "$FILE"',
    "ln": 'ln -f "$SOURCE" "$FILE"',
    "mv": 'mv "$SOURCE" "$FILE"',
    "mv-across": 'mv "$ELSEWHERE" "$FILE"',
    "tar": 'tar -C "$SOURCES" -c "$NAME" | tar -C "$DIR" -x',
    "rsync": 'rsync -a --checksum "$SOURCE" "$DIR"',
    "rsync-in-place": 'rsync --inplace --checksum "$SOURCE" "$DIR"',
    "rsync-partial": 'rsync --partial --checksum "$SOURCE" "$DIR"',
    "rsync-delayed": 'rsync --delay-updates --checksum "$SOURCE" "$DIR"',
    "scp": f'scp -q -D {SFTP_SERVER} "$SOURCE" localhost:"$FILE"',
    "scp-of-old": 'scp -q -O -S "$SSH" "$SOURCE" localhost:"$FILE"',
    "sftp": f'echo "put $SOURCE $FILE" | sftp -q -D {SFTP_SERVER} -b - > "$SOURCES/out"',
}
"""Ways to copy a file into the inbox, over what is there."""


def lacking(command: str) -> bool:
    """Whether this machine lacks what `command` calls."""
    programs = {"vim", "ed", "rsync", "scp", "sftp"} & set(command.replace("|", " ").split())
    wants_server = str(SFTP_SERVER) in command
    return any(shutil.which(program) is None for program in programs) or (wants_server and not SFTP_SERVER.exists())


def present(ways: dict[str, str]) -> dict[str, str]:
    """Those of the ways that this machine has."""
    return {name: command for name, command in ways.items() if not lacking(command)}


def shell(command: str, target: Path, **paths: Path) -> None:
    """Run a shell command that writes `target`."""
    environment = {"FILE": target, "DIR": target.parent, "NAME": target.name, "PATH": "/usr/bin:/bin", **paths}
    words = ["sh", "-e", "-c", command]
    done = subprocess.run(words, env={k: str(v) for k, v in environment.items()}, capture_output=True, timeout=60)
    assert done.returncode == 0, (command, done.stderr)


def deployed_once(plant: Plant, ways: dict[str, str]) -> None:
    """Each file came with v1 and with v2, once, and nothing else was taken or refused."""
    for way in ways:
        plant.settled(f"{way}.json")
    assert sorted(plant.deploys()) == sorted(f"{way}@{version}" for way in ways for version in ("v1", "v2"))
    assert "refused" not in plant.log.read_text()


def test_every_way_is_tried_in_ci() -> None:
    """A machine that lacks a program tries fewer ways, and says so."""
    missing = sorted((EDITORS | COPIERS).keys() - present(EDITORS | COPIERS).keys())
    if missing:
        pytest.skip(f"needs the Debian packages vim, ed, rsync, openssh-client, openssh-sftp-server: {missing}")


def test_editors_save_once(plant: Plant) -> None:
    ways = present(EDITORS)
    for way in ways:
        plant.drop(f"{way}.json", manifest(way))
    plant.start()
    for way, command in ways.items():
        plant.settled(f"{way}.json")
        shell(command, plant.inbox / f"{way}.json")
        assert b'"v2"' in (plant.inbox / f"{way}.json").read_bytes(), way
    deployed_once(plant, ways)


@BACKENDS
def test_copies_are_deployed_once(plant: Plant, options: Sequence[str]) -> None:
    ways = present(COPIERS)
    sources = plant.root / "sources"
    sources.mkdir()
    plant.start(*options)
    for version in ("v1", "v2"):
        for way, command in ways.items():
            source = sources / f"{way}.json"
            source.unlink(missing_ok=True)  # what `ln` made is not to be written through
            source.write_text(manifest(way, version))
            elsewhere = OTHER_FILESYSTEM / f"{plant.root.name}-{way}.json"
            if way == "mv-across":
                shutil.copy(source, elsewhere)
            shell(
                command, plant.inbox / source.name, SOURCE=source, SOURCES=sources, ELSEWHERE=elsewhere, SSH=ssh(plant)
            )
        for way in ways:
            assert (plant.inbox / f"{way}.json").read_text() == manifest(way, version)
            assert plant.settled(f"{way}.json")["outcome"] == "created", way
    deployed_once(plant, ways)


def ssh(plant: Plant) -> Path:
    """A program that `scp -O` takes for ssh: it runs the command that it is told on this machine."""
    program = plant.root / "ssh"
    if not program.exists():
        program.write_text('#!/bin/sh\nfor command; do :; done\nexec sh -c "$command"\n')
        program.chmod(0o755)
    return program


SLOW = {
    "scp": ["scp", "-q", "-l", "1300", "-D", str(SFTP_SERVER), "SOURCE", "localhost:TARGET"],
    "rsync": ["rsync", "--inplace", "--bwlimit=200", "SOURCE", "TARGET"],
    "cat": ["sh", "-c", '{ head -c 200000 "$1"; sleep 1.5; tail -c +200001 "$1"; } > "$2"', "sh", "SOURCE", "TARGET"],
}
"""Writers that take a second or more, with the file under its own name and open all the while."""


def padded(text: str) -> str:
    """The same, with 80 kB of comments."""
    return f"{text}\n" + f"{'#' * 79}\n" * 1000


@BACKENDS
def test_slow_writers_are_never_deployed_half(plant: Plant, options: Sequence[str]) -> None:
    """Of a file whose every beginning would be a manifest."""
    ways = {way: words for way, words in SLOW.items() if not lacking(" ".join(words))}
    plant.start(*options)
    writers = {}
    for way, words in ways.items():
        source, target = plant.root / f"{way}.yaml", plant.inbox / f"{way}.yaml"
        source.write_text("---\n".join(padded(manifest(way, f"v{number}")) for number in range(4)))
        places = {"SOURCE": str(source), "localhost:TARGET": f"localhost:{target}", "TARGET": str(target)}
        writers[way] = subprocess.Popen([places.get(word, word) for word in words], stdout=subprocess.DEVNULL)
    assert {way: writer.wait(60) for way, writer in writers.items()} == dict.fromkeys(ways, 0)
    for way in ways:
        assert len(plant.settled(f"{way}.yaml")["documents"]) == 4
    assert deployed_together(plant) == [(way, 4) for way in sorted(ways)]
    assert "refused" not in plant.log.read_text()


def deployed_together(plant: Plant) -> list[tuple[str, int]]:
    """How many versions of a task were deployed by one entry, for each task and entry."""
    counts = (
        Counter(change.name for change in entry.changes if isinstance(change, TaskChange))
        for entry, _ in plant.store.journal.entries()
    )
    return sorted(item for count in counts for item in count.items())
