"""Structured logs: one line of JSON on stderr, or colours on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog

from staithe.base.config import env_str


def configure_logs() -> None:
    """Set structlog and the standard library to the same format and level."""
    level = getattr(logging, env_str("STAITHE_LOG_LEVEL", "INFO").upper(), logging.INFO)
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)
