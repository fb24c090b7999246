"""Small random models of every design that matters to what is read off the residual stream."""

import torch

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT

IDS = [3, 1, 4, 1, 5, 9, 2, 6]

DESIGNS = {
    "layernorm with bias": {},
    "layernorm without bias": {"bias": False},
    "rmsnorm, rope, untied, swiglu": {
        "norm": "rmsnorm", "position": "rope", "tie_weights": False, "activation": "swiglu",
        "bias": False, "qk_norm": True,
    },
    "batchnorm": {"norm": "batchnorm", "position": "sinusoidal"},
    "no norm": {"norm": "none", "position": "none"},
    "post-norm": {"norm_position": "post"},
    "post-norm, rmsnorm": {"norm_position": "post", "norm": "rmsnorm"},
    "post-norm, batchnorm": {"norm_position": "post", "norm": "batchnorm"},
    "one layer, one head": {"n_layer": 1, "n_head": 1},
    "not causal": {"causal": False},
    "runs of two and three": {"ngrams": 3, "ngram_rows": 7},
}  # fmt: skip


def make_model(name, seed=0):
    """A model of that design in eval mode, its weights large enough for every part to matter."""
    torch.manual_seed(seed)
    config = {"block_size": 8, "n_layer": 3, "n_head": 4, "n_embd": 32} | DESIGNS[name]
    model = GPT(GPTConfig(11, **config)).eval()
    for path, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if path.endswith("running_var"):
            torch.nn.init.uniform_(tensor, 0.5, 2.0)
        elif path.endswith("running_mean") or isinstance(tensor, torch.nn.Parameter):
            gain = "norm" in path and path.endswith("weight")
            torch.nn.init.normal_(tensor, mean=float(gain), std=0.2)
    return model.requires_grad_(False)
