"""A token for a password."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import OAuth2PasswordRequestForm
from sqlalchemy import select

from app.database import Database
from app.models import User
from app.security import make_token, password_matches

router = APIRouter(tags=["login"])


@router.post("/login")
def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()], session: Database
) -> dict[str, str]:
    """Exchange a password for a token."""
    user = session.scalar(select(User).where(User.email == form.username))
    if user is None or not password_matches(form.password, user.password_hash):
        raise HTTPException(400, {"code": "bad_credentials"})
    return {"access_token": make_token(user.id), "token_type": "bearer"}
