"""A model that multiplies by codes: a quarter or an eighth of the bytes are read for a token."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.compression.rounding import Codes
from gpt_core.model.codes import GROUP
from gpt_core.model.gpt import GPT

Product = Callable[[Tensor], Tensor]
_ROWS = 16  # of codes that a kernel reads together


class QuantizedLinear(nn.Module):
    """y = x Wᵀ + b, W being kept as codes and scales; x and y are float32.

    PyTorch's kernels multiply codes as they lie by x in bfloat16, and give bfloat16: seven binary
    digits behind the first, which is part of what this layer costs. Where no kernel fits, weights
    are made from the codes at every call: exact, and slow.
    """

    codes: Tensor
    scale: Tensor
    bias: Tensor | None
    gain: Tensor | None

    def __init__(
        self, codes: Codes, bias: Tensor | None = None, gain: Tensor | None = None
    ) -> None:
        super().__init__()
        self.bits = codes.bits
        self.register_buffer("codes", codes.codes)
        self.register_buffer("scale", codes.scale)
        self.register_buffer("bias", None if bias is None else bias.detach().clone())
        self.register_buffer("gain", gain)  # (out,), what rows are multiplied by, if anything
        self.out_features, self.in_features = codes.codes.shape
        self.kernel = self._kernel()

    @property
    def weight(self) -> Tensor:
        """The weights that the codes stand for, (out, in), made anew."""
        weight = Codes(self.codes, self.scale, self.bits).weight()
        return weight if self.gain is None else weight * self.gain[:, None]

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) → (…, out)."""
        y = self.product(x.reshape(-1, self.in_features)).view(*x.shape[:-1], self.out_features)
        return y if self.bias is None else y + self.bias

    def product(self, x: Tensor) -> Tensor:
        """x Wᵀ, (n, in) → (n, out)."""
        return self.explicit(x) if self.kernel is None else self.kernel(x)

    def explicit(self, x: Tensor) -> Tensor:
        """The same in two steps: weights from codes, then the product."""
        return x @ self.weight.t()

    def times(self, factors: Tensor) -> QuantizedLinear:
        """The same with each row multiplied by a factor (out,)."""
        gain = factors if self.gain is None else self.gain * factors
        bias = None if self.bias is None else self.bias * factors
        return QuantizedLinear(Codes(self.codes, self.scale, self.bits), bias, gain)

    def _kernel(self) -> Product | None:
        """PyTorch's own product with these codes, if it has one; (n, in) → (n, out).

        The kernels read whole blocks: codes get rows and columns of zeros, up to full ones.
        """
        ops = torch.ops.aten
        four = self.scale.dim() == 2
        known = hasattr(ops, "_weight_int4pack_mm_for_cpu") and hasattr(ops, "_weight_int8pack_mm")
        if self.codes.device.type != "cpu" or not known or (four and self.bits != 4):
            return None
        rows, columns = -self.out_features % _ROWS, -self.in_features % GROUP
        codes, out = F.pad(self.codes, (0, columns, 0, rows)), self.out_features
        multiply, gain = (self._int4 if four else self._int8)(codes)

        def product(x: Tensor) -> Tensor:
            x = x.bfloat16()
            y = multiply(F.pad(x, (0, columns)) if columns else x).float()
            y = y[:, :out] if rows else y
            return y if gain is None else y * gain

        return product

    def _int8(self, codes: Tensor) -> tuple[Product, Tensor]:
        """Sums of whole codes; a row's scale is applied to them afterwards, in float32."""
        gain = self.scale.expand(self.out_features).clone()
        ones = torch.ones(len(codes), dtype=torch.bfloat16)
        multiply = torch.ops.aten._weight_int8pack_mm
        return lambda x: multiply(x, codes, ones), gain if self.gain is None else gain * self.gain

    def _int4(self, codes: Tensor) -> tuple[Product, Tensor | None]:
        """Two codes to a byte; scales are bfloat16 already, see `Grid.scale`."""
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes.int() + 8, 1)
        scales = F.pad(self.scale, (0, 0, 0, len(codes) - len(self.scale))).t().bfloat16()
        both = torch.stack((scales, torch.zeros_like(scales)), dim=-1).contiguous()
        multiply = torch.ops.aten._weight_int4pack_mm_for_cpu
        return lambda x: multiply(x, packed, GROUP, both), self.gain


def with_codes(model: GPT, codes: dict[str, Codes]) -> GPT:
    """A copy of a model in eval mode whose linear layers multiply by codes.

    codes: of all matrices, by name. Tables of vectors, of which a token reads one row, hold the
    weights that their codes stand for.
    """
    other = copy.deepcopy(model).eval().requires_grad_(False)
    for path, layer in [*other.named_modules()]:
        name = f"{path}.weight"
        if isinstance(layer, nn.Linear):
            tied = path == "lm_head" and other.config.tie_weights
            quantized = QuantizedLinear(codes["wte.weight" if tied else name], layer.bias)
            parent, _, own = path.rpartition(".")
            setattr(other.get_submodule(parent), own, quantized)
        elif isinstance(layer, nn.Embedding):
            layer.weight.data = codes[name].weight()
    return other
