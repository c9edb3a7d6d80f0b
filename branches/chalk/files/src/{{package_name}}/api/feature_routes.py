"""The routes of features: read them for one entity or many, hold rows against definitions, and ask models with them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from ..config import Config
from ..features.config import FeaturesConfig
from ..features.errors import DefinitionError, FeatureError
from ..features.online.checking import faults_of_features, faults_of_source
from ..features.online.protocol import OnlineStoreError
from ..features.online.reading import NotMaterialisedError
from ..serving import Serving
from ..serving.errors import NotServedError
from .errors import ApiError
from .feature_answers import FeatureAnswers, Question
from .feature_schemas import (
    BatchFeatureRequest,
    BatchFeatureResponse,
    EntityFeatures,
    PredictFromFeaturesRequest,
    PredictFromFeaturesResponse,
    ValidateFeaturesRequest,
    ValidateFeaturesResponse,
)
from .feature_watch import FeatureWatch
from .routers.direct import DirectRoute
from .routers.exchange import as_problems, body_of, described, read, respond
from .security import keeps_predictions, require

_WAIT = {"Retry-After": "10"}
_FEW = 20  # entities that are read without another thread
_PARAMETERS = {
    "parameters": [
        {"name": "entity_id", "in": "query", "required": True, "schema": {"type": "string"}},
        {
            "name": "feature",
            "in": "query",
            "description": "Name of a feature; repeatable; none: all of the set",
            "schema": {"type": "array", "items": {"type": "string"}},
        },
    ]
}


def make_router(config: Config) -> APIRouter:
    """Make the routes. The store is opened with the first request."""
    routes = _Routes(config)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(routes.answers.load)
        gc.freeze()  # what was imported for them stays, as what the application has frozen
        routes.answers.count_in(app.state.metrics.registry)
        app.state.parts.append(routes.answers.ready)
        watch = FeatureWatch()
        app.state.metrics.add(watch)
        following = asyncio.create_task(watch.follow(routes.answers))
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await asyncio.to_thread(routes.answers.close)

    made = APIRouter(prefix="/features", tags=["features"], lifespan=lifespan, route_class=DirectRoute)
    reads, predicts = [Depends(require("read"))], [Depends(require("predict"))]
    made.get(
        "/{feature_set}",
        summary="Read the features of an entity",
        response_model=EntityFeatures,
        responses=described(404, 422, 503),
        openapi_extra=_PARAMETERS,
        dependencies=reads,
    )(routes.show)
    for path, function, asked, answered, guard, summary in (
        ("/batch", routes.batch, BatchFeatureRequest, BatchFeatureResponse, reads, "Read the features of entities"),
        ("/validate", routes.validate, ValidateFeaturesRequest, ValidateFeaturesResponse, reads, "Check rows"),
        (
            "/predict",
            routes.predict,
            PredictFromFeaturesRequest,
            PredictFromFeaturesResponse,
            predicts,
            "Ask a model about entities",
        ),
    ):
        made.post(
            path,
            summary=summary,
            response_model=answered,
            responses=described(400, 404, 413, 415, 422, 503),
            openapi_extra=body_of(asked),
            dependencies=guard,
        )(function)
    return made


class _Routes:
    """The routes, which share the store."""

    def __init__(self, config: Config) -> None:
        self._settings = config.group("features", FeaturesConfig).serving
        self.answers = FeatureAnswers(config)

    async def show(self, feature_set: str, request: Request) -> Response:
        """Give each feature with its status, its age and its version."""
        key = request.query_params.get("entity_id")
        if key is None:
            fault = {"parameter": "entity_id", "in": "query", "detail": "it is missing"}
            raise ApiError(422, "Invalid values", "give entity_id", errors=[fault])
        asked = Question(feature_set, [key], request.query_params.getlist("feature"))
        (found,) = await self._read(asked)
        shown = {"feature_set": feature_set, "entity_id": key, "time": asked.time}
        return respond({**shown, "features": self.answers.told(asked, found)})

    async def batch(self, request: Request) -> Response:
        """Read many entities at once; those that are unknown have defaults and the status MISSING."""
        body = await read(request, BatchFeatureRequest)
        asked = Question(body.feature_set, body.entity_ids, body.features, body.inputs)
        found = await self._read(asked)
        entities = [
            {"entity_id": key, "features": self.answers.told(asked, one)}
            for key, one in zip(body.entity_ids, found, strict=True)
        ]
        return respond({"feature_set": body.feature_set, "time": asked.time, "entities": entities})

    async def validate(self, request: Request) -> Response:
        """Hold rows of a source, or values of features, against their definition; nothing is kept."""
        body = await read(request, ValidateFeaturesRequest)
        with _as_problems():
            definitions = self.answers.definitions
            if body.source:
                source = definitions.source(body.source)
                entity = definitions.entity_of(source)
                faults = [faults_of_source(source, entity, row) for row in body.rows]
            else:
                features = definitions[body.feature_set]
                faults = [faults_of_features(features, row) for row in body.rows]
        invalid = [{"row": number, "reasons": reasons} for number, reasons in enumerate(faults) if reasons]
        return respond({"valid": len(faults) - len(invalid), "invalid": invalid})

    async def predict(self, request: Request) -> Response:
        """Answer with the champion, whose columns are named as features, or as `set.feature`."""
        body = await read(request, PredictFromFeaturesRequest)
        serving: Serving = request.app.state.serving
        asked = Question(body.feature_set, body.entity_ids, (), body.inputs)
        found = await self._read(asked)
        model = body.model or self._settings.model or _only_model(serving)
        rows = [
            {name: value.value for feature, value in one.items() for name in (feature, f"{body.feature_set}.{feature}")}
            for one in found
        ]
        request_id = request.scope.get("state", {}).get("request_id", "")
        key = str(body.entity_ids[0]) if len(body.entity_ids) == 1 else ""
        with as_problems("features"):
            answers = await serving.predict(model, rows, request_id, key, keep=keeps_predictions(request))
        predictions = [
            {
                "entity_id": entity,
                "id": answer.id,
                "prediction": answer.prediction,
                "probabilities": answer.probabilities,
                "features": self.answers.told(asked, one),
            }
            for entity, answer, one in zip(body.entity_ids, answers, found, strict=True)
        ]
        shown = {"model": model, "version": answers[0].version, "role": answers[0].role}
        shown |= {"feature_set": body.feature_set, "time": asked.time}
        return respond({**shown, "predictions": predictions})

    async def _read(self, asked: Question) -> Sequence[Any]:
        most = self._settings.most_entities
        if len(asked.keys) > most:
            raise ApiError(413, "Too many entities", f"a request may have {most} entities", limit=most)
        with _as_problems():
            if self.answers.near and len(asked.keys) <= _FEW:
                return self.answers.read(asked)
            return await asyncio.to_thread(self.answers.read, asked)


def _only_model(serving: Serving) -> str:
    names = [one.slot.name for one in serving.models()]
    if len(names) > 1:
        detail = f"there are {', '.join(sorted(names))}: give model, or set features.serving.model"
        raise ApiError(422, "Which model?", detail)
    if not names:
        with as_problems():
            raise NotServedError("no model can answer", hint="train one and promote it: `models train`")
    return names[0]


@contextmanager
def _as_problems() -> Iterator[None]:
    """Make what is refused a response."""
    try:
        yield
    except NotMaterialisedError as error:
        raise ApiError(503, "No features yet", str(error), headers=_WAIT) from error
    except OnlineStoreError as error:
        raise ApiError(503, "Features unavailable", error.message, headers=_WAIT) from error
    except DefinitionError as error:
        raise ApiError(404, "Unknown features", str(error)) from error
    except FeatureError as error:
        raise ApiError(422, "Invalid values", str(error)) from error
