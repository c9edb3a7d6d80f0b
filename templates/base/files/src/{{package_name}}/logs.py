"""Structured logs: for people on a terminal, or one JSON object a line. They go to stderr, results to stdout."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


def configure_logging(level: str = "INFO", *, json: bool = False) -> None:
    """Set up the logs of this process, those of libraries included.

    Parameters
    ----------
    level
        The least level that is logged: DEBUG, INFO, WARNING or ERROR.
    json
        One JSON object a line instead of text for people.
    """
    last: tuple[Processor, ...]
    if json:
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # they may hold secrets
        last = (structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer())
    else:
        plain = structlog.dev.plain_traceback
        last = (structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain),)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_SHARED],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Get a logger that takes values beside its text.

    Examples
    --------
    >>> configure_logging("INFO")
    >>> get_logger("reader").info("rows read", file="train.csv", rows=1_000)
    """
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
