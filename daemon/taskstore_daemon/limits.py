"""Every bound of the daemon, in one place. Sizes are bytes, counts are counts, times are seconds."""

FILES_PER_INBOX = 1_000_000
"""More than these are not looked at, and the status says so."""

FOLDER_DEPTH = 32
"""Deeper folders are not entered; it also bounds the descriptors that a scan holds open."""

LINKS_PER_PATH = 16
"""Links that are followed for one file; a loop ends here."""

HINTS = 100_000
"""Files that the watcher tells of between two looks; beyond them it asks for a whole scan instead."""

DEPARTED = 100_000
"""Files that are remembered after they went, so that they are known under another name."""

BATCH_FILES = 1_000
BATCH_BYTES = 16 * 1024 * 1024
"""What is read, deployed and receipted together; it bounds the memory that a flood takes."""

LATE_FILES = 100
LATE_BYTES = 4 * 1024 * 1024
"""What joins a batch that was read ahead."""

LISTED = 100
"""Ignored, waiting and refused files that the status names; the counts are always whole."""

SETTLE_SECONDS = 0.5
"""How long a file that no event vouches for must stand still between two looks."""

GATHER_SECONDS = 0.001
"""An event is followed up after this, so that files that come together are dealt with together."""

RESCAN_SECONDS = 5.0
POLL_SECONDS = 2.0

SCAN_SHARE = 0.005
"""The share of one core that scans of an idle folder may take; a long scan is repeated so much later."""

BACKOFF_FIRST_SECONDS = 0.5
BACKOFF_MOST_SECONDS = 60.0

HEARTBEAT_SECONDS = 10.0
"""An idle daemon renews what it tells of itself this often; a busy one at most every second."""

ONCE_SECONDS = 60.0
"""How long `--once` waits for files that are still being written."""

PRUNE_TASKS = 10
"""More tasks that lose their manifests at once are taken for an accident, unless `--force` says otherwise."""

BUNDLE_RETRY_SHARE = 0.05
"""The share of one core that may go into bundles that the store refuses, tried once more whenever it has changed."""

CONFLICTS_TOLD = 1_000
"""Contradictions of one bundle that its receipt names."""

LEFTOVER_SECONDS = 3600.0
"""A temporary file in an inbox that is older was left by a program that is no more."""

FILES_BESIDE_PARTS = 100
"""What a process that takes a bundle in may have open beside the bundle's parts."""
