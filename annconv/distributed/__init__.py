"""Samples spread over a Dask cluster, with the results of one machine.

    labels = annconv.distributed.predict(network, X, client)

Needs Dask only where it is used: `pip install "annconv[dask]"`.
"""

from annconv.distributed.api import predict, run
from annconv.distributed.cluster import connect

__all__ = ["connect", "predict", "run"]
