"""Bodies in, bodies out, and errors of models as problem documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from ...monitoring.predictions import PredictionLogError
from ...serving.errors import LabelsError, NotServedError, RowsError, ServingError, SizeError, UnknownModelError
from ..errors import MEDIA_TYPE, MOST_FAULTS, ApiError

Body = TypeVar("Body", bound=BaseModel)
Path = tuple[str | int, ...]

_JSON = "application/json"
_WAIT = {"Retry-After": "10"}
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_WHEN = {
    400: "The body is no JSON",
    404: "There is no such model",
    413: "There are more rows than one request may have",
    415: "The body is not sent as application/json",
    422: "Values are missing, of another type, or infinite; each fault is listed",
    503: "No model is trained and promoted yet, or the prediction log is away",
}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problems that a route may answer with."""
    return {status: {"description": _WHEN[status], "content": _PROBLEM} for status in statuses}


def body_of(kind: type[BaseModel]) -> dict[str, Any]:
    """Describe the body of a route that reads it with `read`."""
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": schema}}}}


async def read(request: Request, kind: type[Body]) -> Body:
    """Read and check a body in one step: FastAPI makes objects first and checks them then.

    Raises
    ------
    ApiError
        If the body is sent as something else than JSON, or is none.
    RequestValidationError
        If it has another shape.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise ApiError(
            415, "Unsupported Media Type", f"the body must be sent as {_JSON}, not {media_type or 'nothing'}"
        )
    body = await request.body()
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        if faults[0]["type"] == "json_invalid":
            raise ApiError(400, "Malformed JSON", faults[0]["msg"]) from error
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from error


def respond(content: Any) -> Response:
    """Answer with JSON."""
    return Response(orjson.dumps(content), media_type=_JSON)


@contextmanager
def as_problems(*steps: str) -> Iterator[None]:
    """Turn errors of models into those of the service.

    Parameters
    ----------
    steps
        Where in the body the rows or the labels are.
    """
    try:
        yield
    except UnknownModelError as error:
        raise ApiError(404, "Unknown model", str(error)) from error
    except NotServedError as error:
        raise ApiError(503, "No model available", str(error), headers=_WAIT) from error
    except SizeError as error:
        status, title = (413, "Too many rows") if error.rows else (422, "No rows")
        raise ApiError(status, title, str(error), limit=error.limit) from error
    except RowsError as error:
        raise _invalid({(*steps, *_row(steps, one.row), one.column): one.problem for one in error.faults}) from error
    except LabelsError as error:
        raise _invalid({(*steps, name): problem for name, problem in error.faults.items()}) from error
    except PredictionLogError as error:
        detail = "it can't be reached; send the labels again later"
        raise ApiError(503, "Prediction log unavailable", detail, headers=_WAIT) from error
    except ServingError as error:
        raise ApiError(500, "Model failed", str(error)) from error


def _row(steps: tuple[str, ...], number: int) -> Path:
    """Give the number of a row, which a single one does not have."""
    return () if steps == ("row",) else (number,)


def _invalid(found: dict[Path, str]) -> ApiError:
    listed = [{"pointer": _pointer(path), "detail": problem} for path, problem in found.items()]
    count = f"{len(found)} value is" if len(found) == 1 else f"{len(found)} values are"
    return ApiError(422, "Invalid values", f"{count} not valid", errors=listed[:MOST_FAULTS])


def _pointer(path: Path) -> str:
    """Write a place in a body as RFC 6901 has it."""
    return "#" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
