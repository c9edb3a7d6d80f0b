"""The tables of agents, of their runs and what happened in them, of approvals, of jobs that wait, and of upkeep."""

import sqlalchemy as sa

from ...database import Json, Utc

_TABLES = sa.MetaData()

RUNS = sa.Table(
    "agent_runs",
    _TABLES,
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),  # of those that a service keeps
    sa.Column("agent", Json),  # how to make the agent again; none if only the code that made it can
    sa.Column("task", Json, nullable=False),
    sa.Column("result", Json),
    sa.Column("origin", sa.Text, nullable=False),  # the run that it was forked from
    sa.Column("cancelled", sa.Text, nullable=False),  # who ended it
    sa.Column("created", Utc, nullable=False),
    sa.Column("updated", Utc, nullable=False),
)
sa.Index("agent_runs_created", RUNS.c.created)

EVENTS = sa.Table(
    "agent_events",
    _TABLES,
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("event", sa.Text, nullable=False),
)

APPROVALS = sa.Table(
    "agent_approvals",
    _TABLES,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False),  # what waits: a call of a colleague has a task of its own
    sa.Column("request", Json, nullable=False),
    sa.Column("asked", Utc, nullable=False),
    sa.Column("expires", Utc, nullable=False),
    sa.Column("decision", Json),
)
sa.Index("agent_approvals_run", APPROVALS.c.run_id)

AGENTS = sa.Table(
    "agents",
    _TABLES,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("config", Json, nullable=False),
    sa.Column("created", Utc, nullable=False),
)

LEASES = sa.Table(
    "agent_leases",
    _TABLES,
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),  # machine and process
    sa.Column("until", Utc, nullable=False),
)

JOBS = sa.Table(
    "agent_jobs",
    _TABLES,
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("queued", Utc, nullable=False),
    sa.Column("ready", sa.Boolean, nullable=False),  # or it waits for a person
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("lease", Utc),
)
sa.Index("agent_jobs_queued", JOBS.c.queued)

UPKEEP = sa.Table(
    "agent_upkeep",
    _TABLES,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("begun", Utc, nullable=False),  # the last time
)
