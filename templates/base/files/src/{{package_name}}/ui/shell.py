"""The frame of every page, and how NiceGUI gets to know the pages. This is imported where NiceGUI is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from nicegui import ui

from ..config import Config
from ..errors import ProjectError
from ..logs import get_logger
from ..plugins import PACKAGE, PluginError, find_plugins
from ..reports.report import blocks_css
from ..reports.theme import DARK, LIGHT, variables
from . import draw
from .access import CONFIG, COOKIE, STILL_MAY, visitor
from .html import render
from .page import Page, Visit

_log = get_logger(__name__)

_THEME = "theme"
_WAIT = 30.0  # seconds that a browser has to connect
_AWAY = 30.0  # seconds that a connection may be lost before a page is made anew, without what was written on it
_LOOK = 2.0  # seconds between two looks whether who sees a page still may
_SWITCH = """
const theme = document.body.classList.contains("body--dark") ? "light" : "dark";
Quasar.Dark.set(theme === "dark");
document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
"""


@cache
def interface() -> FastAPI:
    """Make the application of all pages. NiceGUI keeps its pages by process, so there is one of it."""
    pages = find_pages()
    for page in pages:
        _register(page, pages)
    app = FastAPI(openapi_url=None)
    # No loop looks for changes of bindings: it would run ten times a second while nobody looks at a page.
    ui.run_with(
        app,
        title=PACKAGE,
        favicon=_ICON,
        dark=None,
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=_AWAY,
        show_welcome_message=False,
    )
    return app


def find_pages() -> list[Page[Any]]:
    """Find the pages of this package and of plugins, as they stand in the menu. A broken one is logged and left out."""
    pages: dict[str, Page[Any]] = {}
    for plugin in find_plugins("pages").values():
        try:
            page = plugin.load()
            if not isinstance(page, Page):
                raise plugin.error(f"it is a {type(page).__name__}, not a page")
            if page.path in pages:
                raise plugin.error(f"there is a page {page.path} already")
            pages[page.path] = page
        except PluginError as error:
            _log.error("plugin skipped", plugin=plugin.name, reason=error.message)
    return sorted(pages.values(), key=lambda page: (page.order is None, page.order, page.title))


def _register(page: Page[Any], pages: Sequence[Page[Any]]) -> None:
    async def build(request: Request) -> None:
        visit = _visit(request)
        theme = request.cookies.get(_THEME)
        ui.dark_mode(value={"dark": True, "light": False}.get(theme or ""))
        with _frame(visit, page, pages) as content:
            await _fill(visit, page)
        _watch(visit, request, content)

    ui.page(page.path, title=f"{page.title} · {PACKAGE}")(build)


def _visit(request: Request) -> Visit:
    config: Config = request.scope[CONFIG]
    query = {name: tuple(request.query_params.getlist(name)) for name in request.query_params}
    found, root = visitor(request.scope), request.scope["root_path"]
    return Visit(config, root, query, found.name, logged_in=COOKIE in request.cookies, scopes=found.scopes)


@contextmanager
def _frame(visit: Visit, page: Page[Any], pages: Sequence[Page[Any]]) -> Iterator[ui.element]:
    ui.add_css(_styles())
    ui.html(render("top.html", visit=visit, page=page, pages=pages, switch=_SWITCH), sanitize=False)
    with ui.element("div").props("id=content tabindex=-1").classes("content") as content:
        ui.html(render("title.html", title=page.title), sanitize=False)
        yield content


async def _fill(visit: Visit, page: Page[Any]) -> None:
    """Show that the page is on its way, read what it needs, and draw it, or say why that can't be."""
    with ui.element("div").classes("waiting").props('role="status"') as waiting:
        ui.spinner(size="2rem")
        ui.label("Reading …")
    await ui.context.client.connected(_WAIT)
    try:
        content = await asyncio.to_thread(page.load, visit)
    except ProjectError as error:
        _log.warning("page failed", page=page.path, reason=error.message)
        draw.sections(visit, draw.failure(error.message, error.hint))
    except Exception:
        _log.exception("page failed", page=page.path)
        draw.sections(visit, draw.failure("something unexpected went wrong", "look into the log of the service"))
    else:
        page.show(visit, content)
    finally:
        waiting.delete()


def _watch(visit: Visit, request: Request, content: ui.element) -> None:
    """End an open page, with all that it reads, once who opened it may see pages no longer; then it is to log in."""

    async def look() -> None:
        if await request.scope[STILL_MAY]():
            return
        timer.deactivate()
        content.clear()
        query = request.scope["query_string"].decode()
        draw.go(visit, "/login", next=f"{request.scope['path'].removeprefix(request.scope['root_path'])}?{query}")

    timer = ui.timer(_LOOK, look)


@cache
def _styles() -> str:
    text = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    colours = f"body {{ {variables(LIGHT)} }}\nbody.body--dark {{ {variables(DARK)} }}"
    return f"{colours}\n{text}\n{blocks_css()}"


_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a5bab"/>'
    '<path d="M3 12 6.5 7l3 2.5L13 4" fill="none" stroke="#fff" stroke-width="1.8"/></svg>'
)
