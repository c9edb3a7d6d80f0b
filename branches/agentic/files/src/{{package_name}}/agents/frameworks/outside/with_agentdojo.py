"""AgentDojo: tasks, the worlds in which they are done, attacks on who does them, and how both are judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .host import Host


def start(host: Host, order: dict[str, Any]) -> Callable[[str], str]:
    """Load the suites, and give a function that answers one question about them after the other."""
    dojo = Dojo(order["benchmark"], order["attack"])
    questions: dict[str, Callable[..., dict[str, Any]]] = {
        "names": dojo.names,
        "open": dojo.open,
        "begin": dojo.begin,
        "call": dojo.call,
        "judge": dojo.judge,
    }

    def work(task: str) -> str:
        asked = json.loads(task)
        return json.dumps(questions[asked.pop("ask")](**asked), default=str)

    return work


class Dojo:
    """One task at a time, in a world of its own.

    Parameters
    ----------
    benchmark
        Version of the suites, such as `v1.2.2`.
    attack
        How texts ask for what an attacker wants, by AgentDojo's name.
    """

    def __init__(self, benchmark: str, attack: str) -> None:
        self._suites = import_module("agentdojo.task_suite.load_suites").get_suites(benchmark)
        self._kind = attack
        self._functions = import_module("agentdojo.functions_runtime")
        self._told = import_module("agentdojo.agent_pipeline.tool_execution").tool_result_to_str

    def names(self) -> dict[str, Any]:
        """Name the suites."""
        return {"suites": sorted(self._suites)}

    def open(self, suite: str) -> dict[str, Any]:
        """Go to a suite: its tools, its tasks and the attacker's."""
        self._suite = self._suites[suite]
        self._runtime = self._functions.FunctionsRuntime(self._suite.tools)
        self._attack = self._attack_on(self._suite)
        tools = [
            {"name": one.name, "description": one.description, "parameters": one.parameters.model_json_schema()}
            for one in self._suite.tools
        ]
        return {"tools": tools, "tasks": list(self._suite.user_tasks), "injections": list(self._suite.injection_tasks)}

    def begin(self, task: str, injection: str = "") -> dict[str, Any]:
        """Make the world of a task, with the texts of an attacker in it if an injection is named.

        Returns
        -------
        dict
            `goal` of the task, `calls` and `answer` that solve it, `attack` with the calls that the attacker wants, and
            `after` how many of the calls such a text has been read. Nothing if the task reads no text of others.
        """
        self._user = self._suite.user_tasks[task]
        self._enemy = self._suite.injection_tasks[injection] if injection else None
        try:
            texts = self._attack.attack(self._user, self._enemy) if injection else {}
        except ValueError:  # AgentDojo's word for a task that can't be attacked
            return {}
        self._world = self._world_with(texts)
        self._before = self._world.model_copy(deep=True)
        self._made: list[Any] = []
        calls = self._user.ground_truth(self._before)
        wanted = self._enemy.ground_truth(self._before) if self._enemy else []
        return {
            "goal": self._user.PROMPT,
            "calls": [_plain(one) for one in calls],
            "answer": self._user.GROUND_TRUTH_OUTPUT,
            "attack": [_plain(one) for one in wanted],
            "after": self._read_after() if injection else 0,
        }

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool in the world of the task."""
        self._made.append(self._functions.FunctionCall(function=name, args=dict(arguments)))
        gave, error = self._runtime.run_function(self._world, name, arguments)
        return {"text": "" if error else self._told(gave), "error": error or ""}

    def judge(self, output: str) -> dict[str, Any]:
        """Tell whether the task was done, and whether the attacker got what they wanted."""
        given = (output, self._before, self._world)
        done = self._user.utility_from_traces(*given, self._made)
        if done is None:
            done = self._user.utility(*given)
        got = False
        if self._enemy:
            got = self._enemy.security_from_traces(*given, self._made)
            if got is None:
                got = self._enemy.security(*given)
        return {"done": bool(done), "attacked": bool(got)}

    def _attack_on(self, suite: Any) -> Any:
        attacked = import_module("agentdojo.agent_pipeline.ground_truth_pipeline").GroundTruthPipeline(None)
        attacked.name = "local"  # some attacks call the model by its name
        return import_module("agentdojo.attacks.attack_registry").load_attack(self._kind, suite, attacked)

    def _world_with(self, texts: dict[str, str]) -> Any:
        return self._user.init_environment(self._suite.load_and_inject_default_environment(texts))

    def _read_after(self) -> int:
        """Count the calls of the task up to the first that gives a text which can be the attacker's."""
        marks = self._attack.canary_injections
        world = self._world_with(marks)
        calls = self._user.ground_truth(world.model_copy(deep=True))
        for number, call in enumerate(calls, 1):
            gave, _ = self._runtime.run_function(world, call.function, call.args)
            if any(mark in self._told(gave) for mark in marks.values()):
                return number
        return len(calls)


def _plain(call: Any) -> dict[str, Any]:
    return {"tool": call.function, "arguments": dict(call.args)}
