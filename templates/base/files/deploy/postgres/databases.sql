-- Runs once, when the volume is empty. The database `app` is there already.
CREATE DATABASE mlflow;
