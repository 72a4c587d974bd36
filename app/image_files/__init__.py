"""Pictures from wherever they are: paths, folders, patterns, addresses, data URLs, standard input."""

from app.image_files.find import display_name, expand, is_picture
from app.image_files.load import Failed, Picture, picture, pictures

__all__ = ["Failed", "Picture", "display_name", "expand", "is_picture", "picture", "pictures"]
