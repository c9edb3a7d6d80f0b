"""Arrow's own type of JSON, kept from what chalkpy does to it."""

from __future__ import annotations

import threading

import pyarrow as pa

_REGISTERING = threading.Lock()


def restore_arrow_json() -> None:
    """Register Arrow's own type of JSON again, in whose place chalkpy 2 puts one of its own when it is imported.

    Chalk's takes the offsets of all JSON to have 64 bits; those of PostgreSQL's driver have 32. A column of a
    table there would be read from memory that is not its own, which ends the process or makes values up.
    """
    with _REGISTERING:
        pa.unregister_extension_type("arrow.json")
        pa.register_extension_type(pa.json_())
