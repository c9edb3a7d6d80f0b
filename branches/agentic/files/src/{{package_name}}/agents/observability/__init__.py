"""What agents do, as traces for OpenTelemetry, LangSmith and MLflow. Nothing is sent unless the configuration asks."""
