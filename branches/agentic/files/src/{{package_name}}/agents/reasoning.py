"""Agents that plan, go from step to step, or criticise themselves."""

from .base import Agent, Strategy


class ReasoningAgent(Agent):
    """An agent that plans and decides, by the configured `reasoning_model` if no other is named."""

    default_role = "You plan and decide. You take a task apart, find out what it needs, and answer with reasons."
    default_strategy: Strategy = "plan_execute"
