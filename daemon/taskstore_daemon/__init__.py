"""The watcher and the `taskstored` command: events are hints, the scan is the truth. See `specs/daemon.md`.

main.py      the table of commands
commands/    one file a command: run, status, drop
drops.py     what `drop` puts into a folder, and which receipt answers it
service.py   the loop: look, work, tell, wait
work.py      one batch: the ready files deployed and receipted
reading.py   batches of files read and prepared, one ahead in a flood
apart.py     reading and preparing them, in this process or a second one
bundles/     bundles: gathered, taken in by a process of their own, told of
publish.py   telling how it goes
inbox.py     one watched folder: its scans, its watcher, what waits
names.py     which names are manifests (pure)
tracker.py   which files are ready, and which were dealt with (pure, in memory)
claims.py    which file speaks for which task version (pure)
batches.py   which of the ready files go next, and when to try again after a fault (pure)
scan.py      walking a folder without leaving it
beneath.py   opening a path without leaving a folder
take.py      reading one file, whole or not at all
hints.py     what the watcher tells the loop
watch.py     inotify, by way of watchdog
backend.py   whether events come at all on this filesystem
ingest.py    from bytes to verdicts
missing.py   which tasks no manifest speaks of any more (pure)
prune.py     deleting their triggers, where asked for
verdict.py   what became of a file (pure)
desk.py      one inbox with everything that is known of what became of its files
telling.py   telling of it: receipts, then counts and the log
receipts.py  what people read in the folder about their files
assembly.py  putting the parts together
metrics.py   the same for Prometheus
notify.py    the same for systemd
memory.py    little memory for a daemon that idles
log.py       text or JSON lines on stderr
limits.py    every bound
"""
