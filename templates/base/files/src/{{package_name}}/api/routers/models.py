"""What is served, and what its predictions turned out to be worth."""

from __future__ import annotations

import math

from fastapi import APIRouter, Depends, Request, Response

from ...serving import Serving
from ...serving.answers import State
from ...serving.predictor import Predictor
from ...serving.tally import Tally
from ..schemas import (
    InUse,
    LabelsRequest,
    LabelsResponse,
    ModelResponse,
    ModelsResponse,
    ModelSummary,
    Registered,
    Signature,
    Traffic,
)
from ..security import require
from .exchange import as_problems, body_of, described, read, respond

router = APIRouter(tags=["models"])


@router.get("/models", summary="List the models", dependencies=[Depends(require("read"))])
async def list_models(request: Request) -> ModelsResponse:
    """Name every registered model, and the versions of it that answer."""
    serving: Serving = request.app.state.serving
    return ModelsResponse(models=[_summary(state) for state in serving.models()])


@router.get(
    "/models/{model}",
    summary="Describe one model",
    responses=described(404, 503),
    dependencies=[Depends(require("read"))],
)
async def show_model(model: str, request: Request) -> ModelResponse:
    """Tell what a model takes and gives, how good it was in training, and which versions there are."""
    serving: Serving = request.app.state.serving
    with as_problems():
        state = serving.model(model)
    champion = state.slot.champion
    signature = champion.loaded.description.signature.model_dump() if champion else None
    versions = [
        Registered(
            version=one.number,
            aliases=list(one.aliases),
            algorithm=one.tags.get("algorithm", ""),
            created=one.created,
            decision=one.tags.get("decision_reason", ""),
        )
        for one in state.slot.versions
    ]
    shown = Signature.model_validate(signature) if signature else None
    return ModelResponse(**_summary(state).model_dump(), signature=shown, versions=versions)


@router.post(
    "/models/{model}/labels",
    summary="Tell what turned out to be true",
    response_model=LabelsResponse,
    responses=described(400, 404, 415, 422, 503),
    openapi_extra=body_of(LabelsRequest),
    dependencies=[Depends(require("predict"))],
)
async def add_labels(model: str, request: Request) -> Response:
    """Keep labels with their predictions, for monitoring and for the comparison of champion and challenger."""
    asked = await read(request, LabelsRequest)
    serving: Serving = request.app.state.serving
    with as_problems("labels"):
        labelled = await serving.add_labels(model, asked.labels)
    return respond({"labelled": labelled, "unknown": len(asked.labels) - labelled})


def _summary(state: State) -> ModelSummary:
    slot, traffic = state.slot, state.traffic
    return ModelSummary(
        name=slot.name,
        champion=_in_use(slot.champion, state.champion),
        challenger=_in_use(slot.challenger, state.challenger),
        traffic=Traffic(mode=traffic.mode, share=traffic.share),
        problems=list(slot.problems),
    )


def _in_use(predictor: Predictor | None, tally: Tally | None) -> InUse | None:
    if predictor is None or tally is None:
        return None
    return InUse(
        version=predictor.version.number,
        algorithm=predictor.version.tags.get("algorithm", ""),
        compiled=predictor.compiled,
        metrics={name: value for name, value in predictor.metrics.items() if math.isfinite(value)},
        requests=tally.requests,
        rows=tally.rows,
        failures=tally.failures,
    )
