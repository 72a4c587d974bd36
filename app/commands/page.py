"""The page of a live run: where it is served, and what it may control."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.backends.startup import known_models
from app.commands.narrate import LiveFactory, live_settings
from app.config import Settings
from app.errors import UsageError
from app.events import CameraChoice, Command, ModelChoice, Notice
from app.files import user_path
from app.live.session import RunHandles, Selection, Tell

if TYPE_CHECKING:
    from app.web.page_server import Page, Place

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
        """See `RunControls.switch`. Only what the page lists: the terminal alone may open files and addresses."""
        if source is not None and source not in (known := [each.source for each in self.cameras()]):
            raise UsageError(f"no such source: {source!r}", f"choose one of: {', '.join(known)}")
        if model is not None and model not in (names := [each.name for each in self.models()]):
            raise UsageError(f"no such model: {model!r}", f"choose one of: {', '.join(names)}")
        if model is not None:
            self.factory.model(model)
        if source is not None:
            self.factory.source(Selection(source, model or ""))
        self.handles.switch(source, model)

    def cameras(self) -> Sequence[CameraChoice]:
        """The sources that the page offers; a run of several cameras offers only itself."""
        from app.sources.webcam import found

        own = CameraChoice(self.factory.selection.source, self.factory.selection.source)
        if self.factory.cameras:
            return (own,)
        listed = [CameraChoice(f"camera:{each.name or each.index}", each.name) for each in found()]
        return list({each.source: each for each in (own, *listed, DRAWN, BROWSER)}.values())

    def models(self) -> Sequence[ModelChoice]:
        """The models that the page offers."""
        return known_models(self.factory.settings)


def open_page(factory: LiveFactory, warn: Callable[[Notice], None], *, has_voice: bool | None) -> "Page":
    """Open the page's port; `start_page` serves it. `has_voice`: whether the run speaks; None: it cannot.

    Raises:
        OutputError: the port cannot be opened, or the certificate cannot be used.
    """
    from app.sources.browser import Eye
    from app.web.page_server import Page
    from app.web.state import Board

    settings = factory.settings
    place, eye = open_place(settings), Eye()
    eye.address = place.address.url.partition("?")[0]
    least_s, is_loopback = settings.least_s, place.address.is_loopback
    board = Board(
        live_settings(settings),
        every_least=least_s,
        voice=has_voice,
        is_loopback=is_loopback,
        is_filmed=not settings.asap,
    )
    page = Page(place, board, eye, warn)
    factory.browser, factory.wants_preview = eye, page.onlookers
    return page


def open_place(settings: Settings) -> "Place":
    """Listen where the settings say, with a certificate unless that is this machine alone.

    Raises:
        OutputError: see `open_page`.
        UsageError: a certificate is given for a page that needs none.
    """
    from app.web.page_server import Place, address, is_loopback, listen

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

    `tell` must reach the screen alone: the link may contain the token, which belongs in no log.
    """
    page.begin(PageControls(factory, handles))
    for notice in address_notices(page.place):
        tell(notice)
    if page.place.address.is_loopback and has_browser():
        import webbrowser

        webbrowser.open(page.place.address.url)


def address_notices(place: "Place") -> Sequence[Notice]:
    """Notices of where the page is, and on a network, of what that means."""
    address = place.address
    here = Notice("page", f"The page is at {address.url}")
    if address.is_loopback:
        return (here,)
    warning = Notice(
        "warning",
        "The page is open to the network: anyone with the link sees what the camera sees, and controls looksay.",
    )
    if not place.fingerprint:
        return here, warning
    text = f"Its certificate was made here, so browsers warn of it once. Its SHA-256 fingerprint: {place.fingerprint}"
    return here, warning, Notice("page", text)


def has_browser() -> bool:
    """Whether a browser can be opened beside this terminal."""
    if not (sys.stdout.isatty() and sys.stderr.isatty()) or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
