"""Pages in a browser, on the address of the service: /ui.

Page.load reads, in a thread → Page.show draws → shell.py puts the frame around it

The pages of this package and of plugins are entry points of the group `pages`. NiceGUI draws them; it is the extra
`ui`, and imported when the service starts.
"""

from .page import Page, Visit

__all__ = ["Page", "Visit"]
