"""Agents that a service keeps, so that tasks can be given to them by their id."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa

from ...database import Database
from ..agent_config import AgentConfig
from ..coordination.group_config import GroupConfig
from ..tasks import Record
from .errors import DurabilityError
from .tables import AGENTS


class UnknownAgentError(DurabilityError):
    """There is no such agent."""


class KeptAgent(Record):
    """An agent, or a group of them, that is kept.

    Attributes
    ----------
    user
        Who made it.
    """

    agent_id: str
    user: str
    config: AgentConfig | GroupConfig
    created: datetime


class AgentStore:
    """Keeps agents in the database of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(AGENTS)

    def add(self, config: AgentConfig | GroupConfig, user: str) -> KeptAgent:
        """Keep an agent under a new id."""
        made = KeptAgent(agent_id=f"agent-{secrets.token_hex(6)}", user=user, config=config, created=datetime.now(UTC))
        values = {**made.model_dump(), "config": config.model_dump(mode="json")}
        with self._database.writing() as connection:
            connection.execute(sa.insert(AGENTS).values(**values))
        return made

    def get(self, agent_id: str) -> KeptAgent:
        """Give an agent.

        Raises
        ------
        UnknownAgentError
            If there is none of that id.
        """
        with self._database.reading() as connection:
            row = connection.execute(sa.select(AGENTS).where(AGENTS.c.agent_id == agent_id)).one_or_none()
        if row is None:
            raise UnknownAgentError(f"there is no agent {agent_id!r}", hint="POST /agents/create makes one")
        return KeptAgent.model_validate(dict(row._mapping))
