"""The configuration group ``features``: a file of ``conf/features`` for each section, such as ``chalk.yaml``."""

from ..config import ConfigModel
from .batch_config import BatchConfig
from .chalk_config import ChalkConfig
from .engine_config import EngineConfig
from .monitoring_config import FeatureMonitoringConfig
from .parity_config import ParityConfig
from .schedule_config import ScheduleConfig
from .serving_config import FeatureServingConfig
from .sources_config import SourcesConfig
from .store_config import FeatureStoreConfig
from .stream_config import StreamingConfig
from .transformations_config import TransformationsConfig
from .validation_config import ValidationConfig


class FeaturesConfig(ConfigModel):
    """Features: where they are computed, kept and read."""

    batch: BatchConfig = BatchConfig()
    chalk: ChalkConfig = ChalkConfig()
    engine: EngineConfig = EngineConfig()
    monitoring: FeatureMonitoringConfig = FeatureMonitoringConfig()
    parity: ParityConfig = ParityConfig()
    sources: SourcesConfig = SourcesConfig()
    feature_store: FeatureStoreConfig = FeatureStoreConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    serving: FeatureServingConfig = FeatureServingConfig()
    streaming: StreamingConfig = StreamingConfig()
    validation: ValidationConfig = ValidationConfig()
    transformations: TransformationsConfig = TransformationsConfig()
