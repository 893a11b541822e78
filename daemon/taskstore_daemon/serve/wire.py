"""Messages as bytes: the Connect codecs and gzip, made strict. What cannot be read is the client's fault, not ours."""

from __future__ import annotations

import gzip
import zlib
from typing import TypeVar

from connectrpc.code import Code
from connectrpc.codec import Codec, proto_binary_codec, proto_json_codec
from connectrpc.compression import Compression
from connectrpc.errors import ConnectError
from google.protobuf.json_format import ParseError
from google.protobuf.message import DecodeError, Message

from taskstore_daemon.serve.limits import MESSAGE_BYTES

Kind = TypeVar("Kind", bound=Message)


class StrictCodec(Codec[Message, Message]):
    """A codec that tells bytes which are no message from a fault of the server."""

    def __init__(self, codec: Codec[Message, Message]) -> None:
        self._codec = codec

    def name(self) -> str:
        """The codec's part of the content type."""
        return self._codec.name()

    def encode(self, message: Message) -> bytes:
        """The message's bytes."""
        return self._codec.encode(message)

    def decode(self, data: bytes | bytearray, message: Message) -> Message:
        """Read `data` into `message`. Raises ConnectError (invalid_argument)."""
        try:
            return self._codec.decode(data, message)
        except (DecodeError, ParseError, UnicodeDecodeError, RecursionError) as error:
            name = message.DESCRIPTOR.full_name
            raise ConnectError(Code.INVALID_ARGUMENT, f"the body is no {name}: {error}") from error


class BoundedGzip(Compression):
    """gzip that stops at MESSAGE_BYTES, whatever a small body would unpack to."""

    def name(self) -> str:
        """What Content-Encoding calls it."""
        return "gzip"

    def compress(self, data: bytes | bytearray | memoryview) -> bytes:
        """`data`, compressed quickly: the client is near, and most answers are small."""
        return gzip.compress(data, compresslevel=1, mtime=0)

    def decompress(self, data: bytes | bytearray | memoryview) -> bytes:
        """What `data` unpacks to. Raises ConnectError (invalid_argument, resource_exhausted)."""
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            unpacked = unpacker.decompress(data, MESSAGE_BYTES + 1)
        except zlib.error as error:
            raise ConnectError(Code.INVALID_ARGUMENT, f"the body is not gzip: {error}") from error
        if len(unpacked) > MESSAGE_BYTES:
            raise ConnectError(Code.RESOURCE_EXHAUSTED, f"the body unpacks to more than {MESSAGE_BYTES} bytes")
        if not unpacker.eof or unpacker.unused_data:
            raise ConnectError(Code.INVALID_ARGUMENT, "the body is not one whole gzip stream")
        return unpacked


CODECS: tuple[Codec[Message, Message], ...] = (StrictCodec(proto_binary_codec()), StrictCodec(proto_json_codec()))
COMPRESSIONS: tuple[Compression, ...] = (BoundedGzip(),)
