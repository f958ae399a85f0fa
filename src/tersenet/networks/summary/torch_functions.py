"""What torch functions are, by their bare names, and one call of one, for all that follow a pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

# Functions of the layers of the notation are not among these: the kinds say what they are (`layers/`).
ACTIVATIONS = {
    *("relu6", "rrelu", "selu", "celu", "mish", "logsigmoid", "hardsigmoid", "hardtanh", "softplus", "softsign"),
    *("threshold", "tanhshrink", "softshrink", "hardshrink"),
}
DROPOUTS = {"dropout1d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"}
# Each position of the result sees what the same position of the inputs sees.
POINTWISE = (
    ACTIVATIONS
    | DROPOUTS
    | {
        *("add", "sub", "mul", "div", "true_divide", "multiply", "subtract", "divide", "pow", "neg", "abs", "exp"),
        *("log", "log1p", "expm1", "sqrt", "rsqrt", "square", "sin", "cos", "erf", "reciprocal", "sign", "floor"),
        *("round", "clamp", "clip", "clamp_min", "clamp_max", "minimum", "maximum", "where", "lerp", "addcmul"),
        *("addcdiv", "contiguous", "clone", "detach", "to", "type", "float", "half", "double", "bfloat16", "cpu"),
        *("type_as", "masked_fill", "eq", "ne", "gt", "ge", "lt", "le", "positive", "copy"),
        *("rsub", "remainder", "nan_to_num", "requires_grad"),
    }
)
SOFTMAXES = {"softmax", "log_softmax", "softmin"}
REDUCTIONS = {"mean", "sum", "amax", "amin", "max", "min", "var", "std", "norm", "logsumexp"}
RESHAPES = {"view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "reshape_as"}
NORMS = {"instance_norm", "rms_norm"}
# These take the shape of a tensor, not what is in it.
SHAPE_ONLY = {
    *("zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "empty_like", "new_zeros", "new_ones"),
    *("new_full", "new_empty", "new_tensor"),
}
# These take a value to where it cannot be followed, when what they give is no tensor.
LEAKS = {"item", "numpy", "tolist", "array", "float", "int", "bool", "index", "complex", "equal", "allclose"}
# These hand over all values of a tensor.
WHOLE_LEAKS = {"numpy", "tolist", "array"}
LOOKUPS = {
    "embedding",
    "getitem",
    "gather",
    "index_select",
    "take_along_dim",
    "cat",
    "concat",
    "stack",
    "pad",
    "setitem",
}
MOVES = {"permute", "transpose", "swapaxes", "movedim", "t", "expand", "expand_as", "broadcast_to", "repeat", "roll"}
ZERO_MACS = POINTWISE | SOFTMAXES | REDUCTIONS | RESHAPES | NORMS | LOOKUPS | MOVES | {"lp_pool2d"}
# Matrix products by their functions' names.
PRODUCTS = {
    *("matmul", "mm", "bmm", "addmm", "baddbmm", "addbmm", "mv", "addmv", "einsum", "tensordot", "inner", "dot"),
    *("multi_dot", "chain_matmul", "linalg_multi_dot", "bilinear"),
}


@dataclass(frozen=True)
class Call:
    """One call of a torch function: its bare name, what went in and what came out."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Any

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """An argument by its place or its name."""
        return self.args[place] if len(self.args) > place else self.kwargs.get(name, default)

    @property
    def given(self) -> Tensor:
        """What the function works on."""
        tensor: Tensor = self.argument(0, "input")
        return tensor

    @property
    def result(self) -> Tensor:
        """The first tensor that came out."""
        output = self.output
        while not isinstance(output, Tensor):
            output = output[0]
        return output
