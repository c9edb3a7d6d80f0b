"""Tools that only a case offers: they are described, checked and recorded, and do nothing."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, JsonValue, field_validator

from ..tasks import Record
from ..tools.schemas import model_of
from ..tools.spec import Effect, Tool


class Offer(Record):
    """A tool of a case, which takes what its schema allows and does nothing.

    Attributes
    ----------
    parameters
        JSON Schema of its arguments: an object.
    """

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")
    description: str = Field(min_length=1)
    parameters: dict[str, JsonValue]

    @field_validator("parameters")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
        model_of("offer", schema)
        return schema

    def tool(self) -> Tool:
        """Give the tool."""

        def take(root: Mapping[str, JsonValue]) -> str:
            return "done"

        arguments = model_of(self.name, self.parameters)
        return Tool(self.name, self.description, Effect.READ, arguments, take)
