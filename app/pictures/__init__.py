"""Reading pictures from wherever they are. Common ground: `describe` and the source of stills both read them here."""

from app.pictures.find import expand
from app.pictures.names import called, is_picture
from app.pictures.read import Failed, Picture, picture, pictures

__all__ = ["Failed", "Picture", "called", "expand", "is_picture", "picture", "pictures"]
