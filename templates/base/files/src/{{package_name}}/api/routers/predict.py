"""Asking a model."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from ...serving import Serving
from ..schemas import PredictRequest, PredictResponse
from ..security import keeps_predictions, require
from .direct import DirectRoute
from .exchange import as_problems, body_of, described, read, respond

router = APIRouter(tags=["predictions"], route_class=DirectRoute)


@router.post(
    "/predict/{model}",
    summary="Predict one row, or many",
    response_model=PredictResponse,
    responses=described(400, 404, 413, 415, 422, 503),
    openapi_extra=body_of(PredictRequest),
    dependencies=[Depends(require("predict"))],
)
async def predict(model: str, request: Request) -> Response:
    """Answer with the champion, or with the challenger for its share of the traffic.

    A value that is missing is given as null. A category that is new is no fault, and columns that the model does not
    take are not looked at.
    """
    asked = await read(request, PredictRequest)
    serving: Serving = request.app.state.serving
    rows = asked.all_rows()
    request_id = request.scope.get("state", {}).get("request_id", "")
    with as_problems("rows" if "rows" in asked.model_fields_set else "row"):
        answers = await serving.predict(model, rows, request_id, asked.key, keep=keeps_predictions(request))
    predictions = [{"id": one.id, "prediction": one.prediction, "probabilities": one.probabilities} for one in answers]
    first = answers[0]
    return respond({"model": model, "version": first.version, "role": first.role, "predictions": predictions})
