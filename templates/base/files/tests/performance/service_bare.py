"""What FastAPI alone reaches, for `service.py`: the same model on numpy, and nothing around it.

`python service_bare.py PORT MODEL.json`
"""

import json
import sys
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

MODEL = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
WEIGHTS = np.asarray(MODEL["weights"])
NAMES: list[str] = MODEL["names"]


class Asked(BaseModel):
    """One row."""

    row: dict[str, float]


app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@app.post("/predict/{model}")
async def predict(model: str, asked: Asked) -> dict[str, object]:
    """Answer one row."""
    values = np.array([asked.row[name] for name in NAMES])
    share = float(1 / (1 + np.exp(-(values @ WEIGHTS))))
    label = "yes" if share > 0.5 else "no"
    return {"model": model, "predictions": [{"prediction": label, "probabilities": {"no": 1 - share, "yes": share}}]}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
