"""Routes that the service has; each module holds an `APIRouter`."""
