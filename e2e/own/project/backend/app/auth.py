"""Who sends a request."""

from typing import Annotated

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import OAuth2PasswordBearer

from app.database import Database
from app.models import User
from app.security import read_token

Token = Annotated[str, Depends(OAuth2PasswordBearer("login"))]


def current_user(token: Token, session: Database) -> User:
    """Return who sent the token."""
    try:
        user = session.get(User, read_token(token))
    except (jwt.InvalidTokenError, ValueError):
        user = None
    if user is None:
        raise HTTPException(401, {"code": "bad_token"}, {"WWW-Authenticate": "Bearer"})
    return user


CurrentUser = Annotated[User, Depends(current_user)]
