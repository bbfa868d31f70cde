"""An encrypted private key in PKCS#8 (RFC 5958), by PBES2 (RFC 8018) with a slow key derivation.

The cryptography package reads such keys with any count of rounds and writes them with 2,048, with
which a graphics card tries millions of passphrases in a second. So they are written here.
"""

import base64
import hashlib
import os

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

ROUNDS = 600_000
"""Of PBKDF2 with HMAC-SHA-256, as the OWASP Password Storage Cheat Sheet asks for since 2023: some
tenths of a second, each time a key is read."""

_SALT_BYTES = 16
_KEY_BYTES = 32
_BLOCK_BITS = 128
_LINE = 64

_INTEGER, _OCTETS, _NULL, _SEQUENCE = 0x02, 0x04, 0x05, 0x30
# Object identifiers as they are encoded, tag and length included.
_PBES2 = bytes.fromhex("06092a864886f70d01050d")  # 1.2.840.113549.1.5.13
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")  # 1.2.840.113549.1.5.12
_HMAC_SHA256 = bytes.fromhex("06082a864886f70d0209")  # 1.2.840.113549.2.9
_AES256_CBC = bytes.fromhex("060960864801650304012a")  # 2.16.840.1.101.3.4.1.42


def encrypted_pem(private_key_info: bytes, passphrase: bytes, rounds: int = ROUNDS) -> bytes:
    """A PKCS#8 private key (DER), encrypted under a passphrase, as PEM."""
    salt, start = os.urandom(_SALT_BYTES), os.urandom(_BLOCK_BITS // 8)
    key = hashlib.pbkdf2_hmac("sha256", passphrase, salt, rounds, _KEY_BYTES)
    padder, encryptor = PKCS7(_BLOCK_BITS).padder(), Cipher(AES(key), CBC(start)).encryptor()
    padded = padder.update(private_key_info) + padder.finalize()
    content = encryptor.update(padded) + encryptor.finalize()
    algorithm = _sequence(_PBES2, _sequence(_derivation(salt, rounds), _cipher(start)))
    return _pem(_sequence(algorithm, _tagged(_OCTETS, content)))


def _derivation(salt: bytes, rounds: int) -> bytes:
    function = _sequence(_HMAC_SHA256, _tagged(_NULL, b""))
    return _sequence(_PBKDF2, _sequence(_tagged(_OCTETS, salt), _integer(rounds), function))


def _cipher(start: bytes) -> bytes:
    return _sequence(_AES256_CBC, _tagged(_OCTETS, start))


def _tagged(tag: int, content: bytes) -> bytes:
    """Tag, length and content (X.690); contents here are below 64 KiB."""
    length = len(content)
    if length < 0x80:  # noqa: PLR2004 - the short form of a length
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size) + content


def _sequence(*parts: bytes) -> bytes:
    return _tagged(_SEQUENCE, b"".join(parts))


def _integer(value: int) -> bytes:
    """A positive integer: its first bit says that it is not negative."""
    return _tagged(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _pem(der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    name = b"ENCRYPTED PRIVATE KEY"
    return b"\n".join((b"-----BEGIN %b-----" % name, *lines, b"-----END %b-----" % name, b""))
