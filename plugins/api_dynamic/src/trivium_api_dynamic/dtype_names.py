"""torch.float32 and the others, with their second names."""

from .dtypes import NAMED

bool = NAMED["bool"]
uint8 = NAMED["uint8"]
int8 = NAMED["int8"]
int16 = short = NAMED["int16"]
int32 = int = NAMED["int32"]
int64 = long = NAMED["int64"]
uint16, uint32, uint64 = NAMED["uint16"], NAMED["uint32"], NAMED["uint64"]
float16 = half = NAMED["float16"]
bfloat16 = NAMED["bfloat16"]
float32 = float = NAMED["float32"]
float64 = double = NAMED["float64"]
complex64 = cfloat = NAMED["complex64"]
complex128 = cdouble = NAMED["complex128"]
