"""Pictures from wherever they are: paths, folders, patterns, addresses, data URLs, standard input."""

from app.image_files.find import expand
from app.image_files.names import called, is_picture
from app.image_files.read import Failed, Picture, picture, pictures

__all__ = ["Failed", "Picture", "called", "expand", "is_picture", "picture", "pictures"]
