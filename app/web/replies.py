"""The forms in which the page answers a request. What is answered is decided in routes.py."""

import json
from typing import Any

from starlette.responses import Response

from app.web.answers import Answer


class Json(Response):
    """A JSON text in ASCII: a file may have a name that is not UTF-8, and only an escape can tell of it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def refusal(status: int, error: str, hint: str) -> Response:
    return Json({"error": error, "hint": hint}, status)


def download(content: str | bytes, name: str, kind: str) -> Response:
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def answered(answer: Answer) -> Response:
    if not answer.sentences:
        notice = answer.notice
        return refusal(
            409, *((notice.text, notice.hint) if notice else ("the answer was left unfinished", "ask again"))
        )
    text = " ".join(each.text for each in answer.sentences)
    return Json({"answer": text, "record": {**answer.sentences[0].to_json(), "text": text}})
