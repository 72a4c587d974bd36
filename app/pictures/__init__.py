"""Reading pictures from wherever they are. Common ground: `describe` and the source of stills both read them here."""

from app.pictures.read import Failed, Picture, called, expand, is_picture, picture, pictures

__all__ = ["Failed", "Picture", "called", "expand", "is_picture", "picture", "pictures"]
