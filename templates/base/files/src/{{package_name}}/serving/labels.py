"""What turned out to be true, held to what the model can answer."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..models.signature import Signature
from ..monitoring.predictions import Prediction
from .errors import LabelsError

_MOST_FAULTS = 100


def check_labels(signature: Signature, labels: Mapping[str, Prediction]) -> dict[str, Prediction]:
    """Give the labels as the model would write them: a class as it was learned, or a number.

    Raises
    ------
    LabelsError
        With every label that is no class of the model, or no finite number.
    """
    classes = {str(name): name for name in signature.classes}
    checked: dict[str, Prediction] = {}
    faults: dict[str, str] = {}
    for name, label in labels.items():
        if signature.task == "classification":
            if str(label) in classes:
                checked[name] = classes[str(label)]
            else:
                faults[name] = f"must be one of {', '.join(classes)}, not {label!r}"
        elif isinstance(label, bool) or not isinstance(label, (int, float)) or not math.isfinite(label):
            faults[name] = f"must be a finite number, not {label!r}"
        else:
            checked[name] = float(label)
    if faults:
        raise LabelsError(dict(list(faults.items())[:_MOST_FAULTS]))
    return checked
