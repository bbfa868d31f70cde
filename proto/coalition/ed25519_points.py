"""Which 32 bytes may be an Ed25519 public key: the arithmetic behind require_strong.

RFC 8032, sections 5.1.3 (decoding) and 5.1.4 (addition). Not constant in time, and need not
be: a public key is no secret. Runs once per registered key, in some milliseconds.
"""

P = 2**255 - 19
"""The field's prime."""

D = -121665 * pow(121666, -1, P) % P
"""The curve's constant: -x^2 + y^2 = 1 + D x^2 y^2."""

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of the subgroup that honest keys lie in; the curve has eight times as many points."""

ENCODED_BYTES = 32

_SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
_SIGN_BIT = 1 << 255

Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, x y = T/Z."""

IDENTITY: Point = (0, 1, 1, 0)


def decode(encoded: bytes) -> Point:
    """The point behind its one encoding. ValueError says what is wrong with these bytes."""
    if len(encoded) != ENCODED_BYTES:
        message = f"it has {len(encoded)} bytes; a public key has {ENCODED_BYTES}"
        raise ValueError(message)
    number = int.from_bytes(encoded, "little")
    y, odd = number & ~_SIGN_BIT, number >> 255
    if y >= P:
        message = "its y coordinate is not below the field's prime: not the canonical encoding"
        raise ValueError(message)
    x = _x_of(y)
    if x == 0 and odd:
        message = "it says that zero is odd: not the canonical encoding"
        raise ValueError(message)
    if x & 1 != odd:
        x = P - x
    return x, y, 1, x * y % P


def _x_of(y: int) -> int:
    """A square root of (y^2 - 1) / (D y^2 + 1), as RFC 8032 section 5.1.3 step 3 finds it."""
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    if v * x * x % P == u:
        return x
    if v * x * x % P == P - u:
        return x * _SQRT_MINUS_1 % P
    message = "no point of the curve has this y coordinate"
    raise ValueError(message)


def add(a: Point, b: Point) -> Point:
    """The sum of two points."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    left, right = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    both, ends = 2 * t1 * t2 * D, 2 * z1 * z2
    e, f, g, h = right - left, ends - both, ends + both, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    """A point added to itself; scalar is not negative."""
    total = IDENTITY
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def is_identity(point: Point) -> bool:
    """Whether this is the neutral point, in any of its projective forms."""
    x, y, z, _ = point
    return x % P == 0 and (y - z) % P == 0
