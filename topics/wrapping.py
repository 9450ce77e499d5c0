"""Wrapping: a key-encryption key around every key in the keyring (ADR 17). Who has the keyring alone, a backup of it included, has nothing.

A wrapped secret is AES-256-GCM with the key's name as associated data, so that it opens under no other name.
"""

import base64
import binascii
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from topics.sealing import Key

SECRET_BYTES = 32
_ID_BYTES, _NONCE_BYTES = 8, 12


class Wrapper(Protocol):
    """What wraps the keys of a keyring: a key of ours, or a key management service. Called for every command: keep what it needs near.

    `id`: 8 bytes that tell it from any other. `unwrap` raises `ValueError` when it was wrapped under another name or was changed.
    """

    @property
    def id(self) -> bytes: ...

    def wrap(self, kid: str, secret: bytes) -> bytes: ...

    def unwrap(self, kid: str, wrapped: bytes) -> bytes: ...


class KeyEncryptionKey:
    """256 bits from the environment or a file. Never printed; its id is a digest that gives nothing of it away."""

    def __init__(self, secret: bytes) -> None:
        self._aead = AESGCM(secret)
        self.id = base64.urlsafe_b64decode(Key("kek", secret).digest("key-encryption key") + "==")[:_ID_BYTES]

    @classmethod
    def read(cls, text: str) -> "KeyEncryptionKey":
        """The key that stands in `text` as Base64.

        Raises:
            ValueError: it is not 32 bytes in Base64.
        """
        try:
            secret = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")), validate=True)
        except binascii.Error:
            secret = b""
        if len(secret) != SECRET_BYTES:
            raise ValueError("must be 32 random bytes in Base64")
        return cls(secret)

    def wrap(self, kid: str, secret: bytes) -> bytes:
        """The secret as it may be written down."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, secret, kid.encode())

    def unwrap(self, kid: str, wrapped: bytes) -> bytes:
        """What `wrap` was given."""
        try:
            return self._aead.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], kid.encode())
        except InvalidTag:
            raise ValueError("wrapped under another name, or changed") from None


def wrapped(wrapper: Wrapper | None, kid: str, secret: bytes) -> bytes:
    """A secret as the keyring keeps it: bare without a wrapper, else behind the wrapper's id."""
    return secret if wrapper is None else wrapper.id + wrapper.wrap(kid, secret)


def wrapper_id(kept: bytes) -> bytes | None:
    """Which wrapper a kept secret needs; None: it is bare."""
    return None if len(kept) == SECRET_BYTES else kept[:_ID_BYTES]


def unwrapped(wrapper: Wrapper | None, kid: str, kept: bytes) -> bytes:
    """The secret again; the wrapper is the one that `wrapper_id` names."""
    return kept if wrapper is None else wrapper.unwrap(kid, kept[_ID_BYTES:])
