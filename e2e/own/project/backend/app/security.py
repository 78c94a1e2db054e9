"""Passwords and tokens."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

import jwt

from app.settings import get_settings

ROUNDS = 60_000


def hash_password(password: str) -> str:
    """Return salt and digest of a password."""
    salt = secrets.token_hex(16)
    return f"{salt}${derive(password, salt)}"


def derive(password: str, salt: str) -> str:
    """Return the digest of a password with a salt."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), ROUNDS).hex()


def password_matches(password: str, stored: str) -> bool:
    """Return whether `stored` was made of `password`."""
    salt, _, digest = stored.partition("$")
    return hmac.compare_digest(derive(password, salt), digest)


def make_token(user_id: int) -> str:
    """Return a signed token that expires."""
    settings = get_settings()
    until = datetime.now(UTC) + timedelta(minutes=settings.token_minutes)
    claims = {"sub": str(user_id), "exp": until}
    return jwt.encode(claims, settings.secret_key.get_secret_value(), algorithm="HS256")


def read_token(token: str) -> int:
    """Return the user of a token; raises jwt.InvalidTokenError."""
    key = get_settings().secret_key.get_secret_value()
    return int(jwt.decode(token, key, algorithms=["HS256"])["sub"])
