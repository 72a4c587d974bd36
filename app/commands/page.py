"""The page of a live run: its address, and what it may control."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.backends.verdicts import known_models
from app.commands.narrate import LiveFactory, live_settings
from app.config import Settings
from app.errors import UsageError
from app.events import CameraChoice, Command, ModelChoice, Notice
from app.files import user_path
from app.live.session import RunHandles, Selection, Tell

if TYPE_CHECKING:
    from app.web.server import Page, Place

BROWSER = CameraChoice("browser", "a browser's camera")
DRAWN = CameraChoice("scenes", "drawn scenes")


@dataclass(frozen=True, slots=True)
class PageControls:
    """`RunControls` of a live run."""

    factory: LiveFactory
    handles: RunHandles

    def send(self, command: Command) -> None:
        self.handles.send(command)

    def switch(self, source: str | None, model: str | None) -> None:
        """See `RunControls.switch`. Only what the page lists: files and addresses are for the terminal's user."""
        if source is not None and source not in (known := [each.source for each in self.cameras()]):
            raise UsageError(f"there is no source {source!r} to switch to", f"choose one of: {', '.join(known)}")
        if model is not None and model not in (names := [each.name for each in self.models()]):
            raise UsageError(f"there is no model {model!r}", f"choose one of: {', '.join(names)}")
        if model is not None:
            self.factory.model(model)
        if source is not None:
            self.factory.source(Selection(source, model or ""))
        self.handles.switch(source, model)

    def cameras(self) -> Sequence[CameraChoice]:
        """What can be switched to; several cameras stay together."""
        from app.sources.devices import found

        own = CameraChoice(self.factory.selection.source, self.factory.selection.source)
        if self.factory.cameras:
            return (own,)
        listed = [CameraChoice(f"camera:{each.name or each.index}", each.name) for each in found()]
        return list({each.source: each for each in (own, *listed, DRAWN, BROWSER)}.values())

    def models(self) -> Sequence[ModelChoice]:
        return known_models(self.factory.settings)


def open_page(factory: LiveFactory, warn: Callable[[Notice], None], *, has_voice: bool | None) -> "Page":
    """The page, listening already. `has_voice`: whether the run speaks; None: it cannot.

    Raises:
        OutputError: it cannot be served there, or its certificate cannot be used.
    """
    from app.sources.eye import Eye
    from app.web.server import Page
    from app.web.state import Board

    settings = factory.settings
    place, eye = placed(settings), Eye()
    eye.address = place.address.url.partition("?")[0]
    least_s, is_loopback = settings.least_s, place.address.is_loopback
    board = Board(live_settings(settings), every_least=least_s, voice=has_voice, is_loopback=is_loopback)
    page = Page(place, board, eye, warn)
    factory.browser, factory.wants_preview = eye, page.onlookers
    return page


def placed(settings: Settings) -> "Place":
    from app.web.address import address, is_loopback, listen
    from app.web.server import Place

    host = settings.page_host or "127.0.0.1"
    if settings.page_cert and is_loopback(host):
        raise UsageError("--page-cert is for a page that is open to a network", f"leave it out: {host} is not")
    listener = listen(host, settings.page_port)
    where = address(host, listener.getsockname()[1])
    if not where.is_secure:
        return Place(where, listener)
    from app.files import ROOT
    from app.web.tls import given, kept

    if settings.page_cert:
        chain = user_path(settings.page_cert)
        certificate = given(chain, user_path(settings.page_key) if settings.page_key else chain)
        return Place(where, listener, certificate.context())
    certificate = kept(ROOT / ".cache" / "page.pem", (where.reached, *where.names))
    return Place(where, listener, certificate.context(), certificate.fingerprint)


def start_page(page: "Page", factory: LiveFactory, handles: RunHandles, tell: Tell) -> None:
    """Serve the page, say where it is, and open it in a browser if this terminal has one.

    `tell` is the screen's alone: the link may have the token in it, which is for no log.
    """
    page.begin(PageControls(factory, handles))
    for notice in told(page.place):
        tell(notice)
    if page.place.address.is_loopback and has_windows():
        import webbrowser

        webbrowser.open(page.place.address.url)


def told(place: "Place") -> Sequence[Notice]:
    address = place.address
    here = Notice("page", f"The page is at {address.url}")
    if address.is_loopback:
        return (here,)
    words = "The page is open to the network: whoever has the link sees what the camera sees, and steers."
    if not place.fingerprint:
        return here, Notice("warning", words)
    seal = f"Its certificate was made here, so browsers warn of it once. Its SHA-256 fingerprint: {place.fingerprint}"
    return here, Notice("warning", words), Notice("page", seal)


def has_windows() -> bool:
    """Whether a browser can be opened beside this terminal."""
    if not (sys.stdout.isatty() and sys.stderr.isatty()) or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
