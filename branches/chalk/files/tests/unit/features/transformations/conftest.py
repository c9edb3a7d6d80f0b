import inspect
import re

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def sentences():
    """What functions of NumPy say of themselves, and which part of it they belong to."""
    rows = [
        (part.__name__, " ".join(sentence.split()))
        for part in (np.fft, np.random, np.linalg)
        for name in dir(part)
        if not name.startswith("_")
        for sentence in re.split(r"\.\s|\n\n", inspect.getdoc(getattr(part, name)) or "")[:3]
        if len(sentence.split()) > 3
    ]
    return pd.DataFrame(rows, columns=["about", "text"])
