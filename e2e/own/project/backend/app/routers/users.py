"""Who may log in."""

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from app.auth import CurrentUser
from app.database import Database
from app.models import User
from app.security import hash_password

router = APIRouter(prefix="/users", tags=["users"])


class NewUser(BaseModel):
    """What a registration says."""

    email: str
    password: str


class UserOut(BaseModel):
    """A user as others may see it."""

    id: int
    email: str


@router.post("", status_code=201)
def register(new: NewUser, session: Database) -> UserOut:
    """Make a user."""
    user = User(email=new.email, password_hash=hash_password(new.password))
    session.add(user)
    try:
        session.commit()
    except IntegrityError:
        raise HTTPException(409, {"code": "email_taken"}) from None
    return UserOut.model_validate(user, from_attributes=True)


@router.get("/me")
def me(user: CurrentUser) -> UserOut:
    """Say who is logged in."""
    return UserOut.model_validate(user, from_attributes=True)
