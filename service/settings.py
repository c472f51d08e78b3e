"""What an operator may set, by environment variables that begin with ``ZKPERF_``."""

from __future__ import annotations

from typing import Annotated

from limits import parse
from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 1024 * 1024


def _rate(text: str) -> str:
    if text:
        parse(text)  # ValueError for what is not a rate
    return text


Rate = Annotated[str, AfterValidator(_rate)]
"""As ``3000/minute``; empty for no limit."""


class Settings(BaseSettings):
    """Sizes are in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="ZKPERF_", frozen=True)

    max_body: PositiveInt = 256 * 1024
    """The largest body of a single transaction with its bundle."""
    max_batch_body: PositiveInt = 8 * MEBIBYTE
    max_bodies: PositiveInt = 64 * MEBIBYTE
    """All bodies in memory together, arriving or waiting for their answer."""
    body_seconds: PositiveFloat = 20
    """How long a body may take to arrive, with one second more for every `service.limits.SLOWEST` bytes;
    and after how long a client must have taken some of an answer."""
    head_seconds: PositiveFloat = 5
    """How long the head of a request may take."""

    group: PositiveInt = 512
    """How many submissions are verified at once."""
    waiting: PositiveInt = 8192
    """How many submissions may be without an answer; beyond that they are turned away with 429."""
    readers: PositiveInt = 8
    """Threads that read the log."""
    connections: PositiveInt = 512
    connections_of_one: PositiveInt = 128
    """How many of them one address may hold, if it is none of the trusted proxies."""

    read_rate: Rate = "12000/minute"
    """What one address may ask for, of everything that is only read."""
    write_rate: Rate = "3000/minute"
    batch_rate: Rate = "30/minute"
    export_rate: Rate = "6/minute"
    byte_rate: Rate = "1000000000/minute"
    """How many bytes of leaves one address may ask for."""
    rate_key_seconds: PositiveInt = Field(default=600, le=86_400)
    """How long the key lives with which addresses are hashed for the rate limits."""

    trusted_proxies: str = ""
    """Addresses of reverse proxies whose X-Forwarded-For is believed, separated by commas."""
