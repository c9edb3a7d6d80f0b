"""What FastAPI alone reaches, for `measure_features_http.py`: the same values from memory, and nothing around them.

`python features_http_bare.py PORT VALUES.json`
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

TOLD = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
PLACES = {str(key): place for place, key in enumerate(TOLD["values"][TOLD["key"]])}

app = FastAPI()


@app.get("/features/{feature_set}")
async def features(feature_set: str, entity_id: str) -> dict[str, Any]:
    """Answer with the values of one entity."""
    place = PLACES[entity_id]
    return {"feature_set": feature_set, "features": {name: TOLD["values"][name][place] for name in TOLD["kinds"]}}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
