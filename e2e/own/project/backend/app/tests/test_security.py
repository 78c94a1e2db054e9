"""Passwords and tokens."""

import jwt
import pytest

from app.security import hash_password, make_token, password_matches, read_token


def test_a_password_matches_its_own_hash_only() -> None:
    """A hash says nothing but yes or no."""
    stored = hash_password("open sesame")
    assert password_matches("open sesame", stored)
    assert not password_matches("open barley", stored)
    assert "sesame" not in stored


def test_a_token_names_its_user() -> None:
    """A token is read back, and refused under another key."""
    assert read_token(make_token(7)) == 7
    forged = jwt.encode({"sub": "7"}, "another key of at least 32 bytes, wrong", algorithm="HS256")
    with pytest.raises(jwt.InvalidTokenError):
        read_token(forged)
