"""Results with names: `x.max(dim=0).indices`."""

from collections import namedtuple
from typing import Any


def result(name: str, *fields: str) -> Any:
    """A tuple that is shown as torch.return_types.name."""
    made: Any = namedtuple(name, fields)

    def shown(self: Any) -> str:
        parts = [f"{field}={value!r}" for field, value in zip(fields, self)]
        return f"torch.return_types.{name}(\n" + ",\n".join(parts) + ")"

    made.__repr__ = shown
    return made


max, min, sort, topk, kthvalue, median, mode, cummax, cummin = [
    result(name, "values", "indices")
    for name in ("max", "min", "sort", "topk", "kthvalue", "median", "mode", "cummax", "cummin")
]
aminmax = result("aminmax", "min", "max")
svd = result("svd", "U", "S", "V")
linalg_svd = result("linalg_svd", "U", "S", "Vh")
qr, linalg_qr = result("qr", "Q", "R"), result("linalg_qr", "Q", "R")
slogdet, linalg_slogdet = result("slogdet", "sign", "logabsdet"), result("linalg_slogdet", "sign", "logabsdet")
linalg_eigh = result("linalg_eigh", "eigenvalues", "eigenvectors")
triangular_solve = result("triangular_solve", "solution", "cloned_coefficient")
linalg_lstsq = result("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
