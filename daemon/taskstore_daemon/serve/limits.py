"""Every bound on what the server takes from a client. Sizes in bytes, durations in seconds."""

from taskstore.cas.limits import BLOB_BYTES

MESSAGE_BYTES = 16 * 1024 * 1024
"""A request message, before and after decompression. What is deployed must also fit the limits of a manifest."""
HEADER_BYTES = 32 * 1024
UPLOAD_BYTES = BLOB_BYTES
"""A code bundle: as much as a blob may have."""
DRAIN_BYTES = 2 * UPLOAD_BYTES
"""How much of a body that is refused is still read, so that the client gets to read why."""

HEADER_SECONDS = 10
"""From the connection, or the first byte of a next request on it, to the end of the request's headers."""
REQUEST_SECONDS = 120
"""From the headers to the answer, so the time that a body may take to arrive."""
UPLOAD_SECONDS = 600
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 10
"""How long requests under way may take when the server is told to stop."""

CONNECTIONS = 4_096
BACKLOG = 1_024
UPLOADS_AT_ONCE = 4
"""Each may hold UPLOAD_BYTES in memory."""
REQUESTS_PER_COMMIT = 1_000
BODY_BYTES = 512 * 1024 * 1024
"""What the bodies of all requests under way hold together."""
WAITING_BYTES = 256 * 1024 * 1024
"""What all manifests that wait for a commit hold together."""

URL_SECONDS = 60 * 60
"""How long a signed URL is good when the client asks for no less."""
URL_CHARACTERS = 4_096

TOKEN_CHARACTERS = 32
"""The least length of a bearer token."""
TOKEN_FILE_BYTES = 64 * 1024
PROBLEMS_TOLD = 10
