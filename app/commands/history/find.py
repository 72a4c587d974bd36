"""Whether something was said, whoever typed it: neither case nor accents matter."""

from unicodedata import combining, normalize


def folded(text: str) -> str:
    """`text` in small letters, single spaces, without accents."""
    if not text.isascii():
        parts = normalize("NFKD", normalize("NFKD", text).casefold())
        text = "".join(one for one in parts if not combining(one))
    return " ".join(text.casefold().split())
