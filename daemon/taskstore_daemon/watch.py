"""Watching folders by inotify(7), which makes every change a hint within milliseconds.

watchdog's reader of inotify is used below its Observer, for three reasons: the Observer does not tell when the kernel
dropped events (gorakhargosh/watchdog#654), it adds watches by rules of its own, links and hidden folders included, and
it tells nobody when adding one failed. Here the scan decides which folders are watched, and each is watched before it
is read; an event is a hint and nothing more.
"""

from __future__ import annotations

import os
from pathlib import Path

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from taskstore_daemon import names
from taskstore_daemon.hints import Hint, Mailbox

_FILE_EVENTS = InotifyConstants.IN_MODIFY | InotifyConstants.IN_CLOSE_WRITE
_MOVE_EVENTS = InotifyConstants.IN_MOVED_FROM | InotifyConstants.IN_MOVED_TO
_TREE_EVENTS = InotifyConstants.IN_CREATE | InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF
_MASK = Mask(_FILE_EVENTS | _MOVE_EVENTS | _TREE_EVENTS | InotifyConstants.IN_ONLYDIR | InotifyConstants.IN_DONT_FOLLOW)
_APPEARED = InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVED_TO
_ROOT_MASK = Mask(_MASK & ~InotifyConstants.IN_DONT_FOLLOW)

CONFIGMAP_LINK = "..data"
"""What Kubernetes swaps, by a rename, to change all files of a mounted ConfigMap at once."""


class _Folder:
    """One watched folder: turns its events into hints by the folder's place in the inbox."""

    def __init__(self, path: str, identity: tuple[int, int], mailbox: Mailbox) -> None:
        self.path = path
        self.identity = identity
        self.descriptor = WatchDescriptor(-1)
        self.alive = True
        self._prefix = os.fsencode(f"{path}/" if path else "")
        self._mailbox = mailbox

    def on_event(self, event: InotifyEvent) -> None:
        mask, name = event.mask, event.name
        if mask & (InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF | InotifyConstants.IN_UNMOUNT):
            self._mailbox.rescan("a watched folder was moved or removed")
        elif mask & InotifyConstants.IN_ISDIR:
            self._on_folder(os.fsdecode(name), mask)
        elif names.why_ignored(os.fsdecode(name)) is None:
            self._on_file(os.fsdecode(self._prefix + name), mask)
        elif name == CONFIGMAP_LINK.encode() and mask & _APPEARED:
            self._mailbox.folder(self.path)

    def _on_folder(self, name: str, mask: int) -> None:
        if not names.is_entered(name, top=not self.path):
            return
        if mask & _APPEARED:
            self._mailbox.folder(os.fsdecode(self._prefix) + name)
        elif mask & InotifyConstants.IN_MOVED_FROM:
            self._mailbox.rescan("a folder was moved")

    def _on_file(self, path: str, mask: int) -> None:
        if mask & (InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVED_TO):
            self._mailbox.file(path, Hint.COMPLETE)
        elif mask & (InotifyConstants.IN_MODIFY | InotifyConstants.IN_CREATE):
            self._mailbox.file(path, Hint.WRITING)
        elif mask & InotifyConstants.IN_MOVED_FROM:
            self._mailbox.file(path, Hint.MOVED_AWAY)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        self.alive = False

    def on_queue_overflow(self) -> None:
        self._mailbox.rescan("the kernel dropped events")


class InotifyWatch:
    """The watches of one inbox, kept to what scans find. Raises OSError when there are no watches left to have."""

    def __init__(self, root: Path, mailbox: Mailbox) -> None:
        self._root = root
        self._mailbox = mailbox
        self._folders: dict[str, _Folder] = {}
        self._seen: set[str] = set()
        self._reader = InotifyFD()
        self._reader.start()

    def begin_scan(self) -> None:
        """A whole scan begins: folders that it does not meet are not watched any more when it ends."""
        self._seen = set()

    def ensure(self, path: str, status: os.stat_result) -> None:
        """Watch the folder `path` of the inbox, which is about to be read."""
        self._seen.add(path)
        identity = (status.st_dev, status.st_ino)
        known = self._folders.get(path)
        if known is not None and known.alive and known.identity == identity:
            return
        folder = _Folder(path, identity, self._mailbox)
        try:
            mask = _MASK if path else _ROOT_MASK
            folder.descriptor = self._reader.add_callback(
                os.fsencode(self._root / path), mask, folder, CallbackId(id(folder))
            )
        except (FileNotFoundError, NotADirectoryError):
            return
        self._folders[path] = folder
        if known is not None:
            self._drop([known])

    def end_scan(self) -> None:
        """A whole scan met every folder there is."""
        gone = [folder for path, folder in self._folders.items() if path not in self._seen]
        for folder in gone:
            del self._folders[folder.path]
        self._drop(gone)

    @property
    def healthy(self) -> bool:
        """Whether events are still read."""
        return self._reader.is_alive()

    def close(self) -> None:
        """Stop watching."""
        self._reader.stop()
        self._reader.join()

    def _drop(self, folders: list[_Folder]) -> None:
        self._reader.remove_callbacks([(f.descriptor, CallbackId(id(f))) for f in folders if f.alive])
