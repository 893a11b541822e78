"""`taskstored serve`: a taskstore that the stock Flyte client takes for its control plane. See `specs/serve.md`.

Connect (https://connectrpc.com/docs/protocol) over HTTP/1.1 in front of the same store, deciding nothing of its own:
a message becomes the manifest that a file would hold, and goes the same way. Needs the extra `taskstore[flyte]`.
"""
