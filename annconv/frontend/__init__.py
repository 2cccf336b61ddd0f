"""Frontend: a trained Keras model, from a file or from memory, becomes a Graph."""

from annconv.frontend.description import describe
from annconv.frontend.reading import Reading, read_model, survey_model

__all__ = ["Reading", "describe", "read_model", "survey_model"]
