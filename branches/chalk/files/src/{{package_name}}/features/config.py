"""The configuration group ``features``: a file of ``conf/features`` for each section, such as ``chalk.yaml``."""

from ..config import ConfigModel
from .chalk_config import ChalkConfig
from .serving_config import FeatureServingConfig
from .store_config import FeatureStoreConfig


class FeaturesConfig(ConfigModel):
    """Features: where they are computed, kept and read."""

    chalk: ChalkConfig = ChalkConfig()
    feature_store: FeatureStoreConfig = FeatureStoreConfig()
    serving: FeatureServingConfig = FeatureServingConfig()
