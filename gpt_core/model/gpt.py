"""A GPT, readable top to bottom in one sitting.

Shapes: B sequences in a batch, T tokens in a sequence, C channels (n_embd), H heads, D = C / H
channels per head, V tokens in the vocabulary.

    idx (B, T) → embed (B, T, C) → n_layer × [ + attention, + MLP ] → norm → logits (B, T, V)
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.model.config import GPTConfig
from gpt_core.model.modules import ModuleList
from gpt_core.model.ngrams import NgramEmbedding
from gpt_core.model.norms import make_norm
from gpt_core.model.observe import HookedModule, HookPoint


class CausalSelfAttention(HookedModule):
    """Every token asks (q), offers (k) and brings (v); softmax(q·k / √D) decides who is heard.

    Vaswani et al. 2017, section 3.2. Multi-head: H independent attentions of width D each.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.heads = config.n_head  # fewer where some were cut out
        self.qkv = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.use_fused = True
        self.q, self.k, self.v = HookPoint(), HookPoint(), HookPoint()
        self.scores, self.pattern, self.z = HookPoint(), HookPoint(), HookPoint()
        if config.position == "rope":
            cos, sin = rotary_angles(config.block_size, config.head_dim)
            self.register_buffer("cos", cos, persistent=False)
            self.register_buffer("sin", sin, persistent=False)

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """(B, T, C) → (B, T, C). past: k and v, (B, H, P, D), of the P tokens before these."""
        B, T, _ = x.shape
        P = past[0].shape[2] if past else 0
        qkv = self.qkv(x).view(B, T, 3, self.heads, self.config.head_dim)
        qk, v = qkv.split((2, 1), dim=2)  # q and k go on together: half as many operations
        if self.config.qk_norm:
            qk = F.rms_norm(qk, qk.shape[-1:])
        if self.config.position == "rope":
            cos, sin = self.cos[P : P + T], self.sin[P : P + T]
            qk = rotate(qk, cos[:, None, None], sin[:, None, None])
        q, k, v = (t.transpose(1, 2) for t in (*qk.unbind(2), v.squeeze(2)))  # (B, H, T, D)
        q, k, v = self.q(q), self.k(k), self.v(v)
        if past:  # (B, H, P + T, D)
            k, v = (torch.cat(both, dim=2) for both in zip(past, (k, v), strict=True))

        explicit = past or self.scores.hooked or self.pattern.hooked
        z = self._fused(q, k, v) if self.use_fused and not explicit else self._explicit(q, k, v)
        z = self.z(z)
        return self.proj(z.transpose(1, 2).flatten(2))  # heads side by side again

    def _explicit(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """The formula, one step at a time."""
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.config.head_dim)  # (B, H, T, P + T)
        if self.config.causal:
            # Adding -∞ where a token would look ahead takes a tenth of the time of masked_fill.
            ahead = 1 + k.shape[2] - q.shape[2]
            scores = scores + scores.new_full(scores.shape[-2:], float("-inf")).triu(ahead)
        pattern = self.pattern(F.softmax(self.scores(scores), dim=-1))  # each row sums to 1
        pattern = F.dropout(pattern, self.config.dropout, self.training)
        return pattern @ v  # (B, H, T, D)

    def _fused(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """The same in one kernel, which never stores the T × T pattern (Dao et al. 2022)."""
        dropout = self.config.dropout if self.training else 0.0
        return F.scaled_dot_product_attention(
            q, k, v, dropout_p=dropout, is_causal=self.config.causal
        )

    def start_copying(self, strength: float = 2.0) -> None:
        """Let a head write what it reads: its output weights undo its value weights.

        The values are an orthogonal matrix W_V and the output layer is strength · W_Vᵀ, so all
        heads together add `strength` times the average of what they look at. A head that happens
        to look at a word then makes that word likelier at once, and only where to look is left to
        learn; from random weights both must be found together, which takes a small model very long
        for a rare word.
        """
        with torch.no_grad():
            values = nn.init.orthogonal_(self.qkv.weight[2 * self.config.n_embd :])  # (C, C)
            self.proj.weight.copy_(strength * values.t())


class FeedForward(HookedModule):
    """Every token thinks on its own: wider, a nonlinearity, and back (the MLP).

    Vaswani et al. 2017, section 3.3. SwiGLU (Shazeer 2020) multiplies by a gate; its hidden layer
    is two thirds as wide, so that the number of parameters stays the same.
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.activation = config.activation
        swiglu = config.activation == "swiglu"
        hidden = 8 * config.n_embd // 3 if swiglu else 4 * config.n_embd
        self.up = nn.Linear(config.n_embd, hidden, bias=config.bias)
        self.gate = nn.Linear(config.n_embd, hidden, bias=config.bias) if swiglu else None
        self.down = nn.Linear(hidden, config.n_embd, bias=config.bias)
        self.mlp_pre, self.mlp_post = HookPoint(), HookPoint()

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, C)."""
        pre = self.mlp_pre(self.up(x))
        if self.gate is not None:
            post = pre * F.silu(self.gate(x))
        else:
            post = ACTIVATIONS[self.activation](pre)
        return self.down(self.mlp_post(post))


ACTIVATIONS = {
    # Hendrycks & Gimpel 2016. GPT-2's own code has the tanh approximation of it, which differs by
    # less than 0.001; on a CPU the exact one is the quicker.
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "relu2": lambda x: _squared(F.relu(x)),
}


def _squared(x: Tensor) -> Tensor:
    return x * x  # the gradient of x.square() takes several times as long


class Block(HookedModule):
    """One layer: attention, then the MLP, each added to the residual stream.

    "pre" normalises what a branch reads (GPT-2); "post" normalises the stream after each addition
    (Vaswani et al. 2017).
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.pre_norm = config.norm_position == "pre"
        self.norm1 = make_norm(config)
        self.attn = CausalSelfAttention(config)
        self.norm2 = make_norm(config)
        self.mlp = FeedForward(config)
        self.dropout = nn.Dropout(config.dropout)
        self.resid_pre, self.attn_out, self.resid_mid = HookPoint(), HookPoint(), HookPoint()
        self.mlp_out, self.resid_post = HookPoint(), HookPoint()

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """(B, T, C) → (B, T, C). past: see `CausalSelfAttention.forward`."""
        x = self.resid_pre(x)
        if self.pre_norm:
            x = self.resid_mid(x + self.attn_out(self.dropout(self.attn(self.norm1(x), past))))
            return self.resid_post(x + self.mlp_out(self.dropout(self.mlp(self.norm2(x)))))
        x = self.resid_mid(self.norm1(x + self.attn_out(self.dropout(self.attn(x, past)))))
        return self.resid_post(self.norm2(x + self.mlp_out(self.dropout(self.mlp(x)))))


class GPT(HookedModule):
    """Token ids in, one score per possible next token out, at every position."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.ngrams = NgramEmbedding(config) if config.ngrams else None
        self.wpe = make_positions(config)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = ModuleList(Block(config) for _ in range(config.n_layer))
        # A post-norm stream leaves the last block normalised already.
        self.norm_f = make_norm(config) if config.norm_position == "pre" else nn.Identity()
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.embed, self.pos_embed, self.logits = HookPoint(), HookPoint(), HookPoint()
        self.apply(_init_weights)
        self._init_residual_branches()
        if self.ngrams is not None:
            nn.init.zeros_(self.ngrams.table.weight)
        if config.tie_weights:
            self.lm_head.weight = self.wte.weight

    def forward(
        self,
        idx: Tensor,
        targets: Tensor | None = None,
        past: list[tuple[Tensor, Tensor]] | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Predict the next token at every position.

        idx: (B, T) token ids, T ≤ block_size. targets: (B, T), idx shifted by one; -1 is ignored.
        Returns logits (B, T, V) and the mean cross-entropy in nats per token (None without
        targets). Raises ValueError when T is 0 or larger than block_size.

        past: each layer's keys and values of the first P < T tokens, as an earlier pass of a causal
        model has computed them. Only the other T - P go through the layers, and have logits.
        """
        T = idx.shape[1]
        if not 1 <= T <= self.config.block_size:
            raise ValueError(
                f"The model reads 1 to {self.config.block_size} tokens at a time; got {T}."
            )
        P = past[0][0].shape[2] if past else 0
        x = self.embed(self.token_vectors(idx)[:, P:])
        if self.wpe is not None:
            x = x + self.pos_embed(self.wpe(torch.arange(P, T, device=idx.device)))
        x = self.dropout(x)
        for layer, block in enumerate(self.blocks):
            x = block(x, past[layer] if past else None)
        logits = self.logits(self.lm_head(self.norm_f(x)))
        if targets is None:
            return logits, None
        loss = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=-1)
        return logits, loss

    def token_vectors(self, idx: Tensor) -> Tensor:
        """What stands for each token at first, (B, T) → (B, T, C): its own vector, and those of the
        runs of tokens that end with it, if the design has such."""
        vectors = self.wte(idx)
        return vectors if self.ngrams is None else vectors + self.ngrams(idx)

    @property
    def use_fused(self) -> bool:
        """Whether attention may run in the fused kernel (it never does while watched)."""
        return all(block.attn.use_fused for block in self.blocks)

    @use_fused.setter
    def use_fused(self, value: bool) -> None:
        for block in self.blocks:
            block.attn.use_fused = value

    @property
    def device(self) -> torch.device:
        """Where the weights lie, and where token ids have to be."""
        return self.wte.weight.device

    def num_parameters(self, non_embedding: bool = False) -> int:
        """How many numbers were learned; tied weights count once.

        non_embedding leaves out the tables of vectors (as in Kaplan et al. 2020).
        """
        total = sum(p.numel() for p in self.parameters())
        if non_embedding:
            tables = [table for table in (self.wte, self.wpe, self.ngrams) if table is not None]
            total -= sum(p.numel() for table in tables for p in table.parameters())
        return total

    def flops_per_token(self) -> int:
        """Floating point operations to train on one token, forward and backward.

        6 per weight that multiplies (2 forward, 4 backward), plus 12 · n_layer · C · T for the
        attention pattern (Chowdhery et al. 2022, appendix B), T being block_size.
        """
        c = self.config
        matrices = sum(p.numel() for p in self.blocks.parameters() if p.dim() == 2)
        head = self.lm_head.weight.numel()
        return 6 * (matrices + head) + 12 * c.n_layer * c.n_embd * c.block_size

    def _init_residual_branches(self) -> None:
        """Make each branch's last layer small, so that the stream doesn't grow with depth.

        "scaled" divides the usual 0.02 by √(2 · n_layer), the number of additions (GPT-2, 2.3).
        "copy" is for texts in which much is said again: see `start_copying`.
        """
        std = 0.02 / math.sqrt(2 * self.config.n_layer)
        for block in self.blocks:
            for layer in (block.attn.proj, block.mlp.down):
                if self.config.residual_init == "scaled":
                    nn.init.normal_(layer.weight, std=std)
                else:
                    nn.init.zeros_(layer.weight)
            if self.config.residual_init == "copy":
                block.attn.start_copying()


class SinusoidalPositions(nn.Module):
    """Fixed position vectors: sines and cosines of many wavelengths (Vaswani et al. 2017, 3.5)."""

    table: Tensor

    def __init__(self, block_size: int, n_embd: int) -> None:
        super().__init__()
        cos, sin = rotary_angles(block_size, n_embd)
        table = torch.stack((sin, cos), dim=-1).flatten(1)  # sin, cos, sin, cos, …
        self.register_buffer("table", table, persistent=False)

    def forward(self, positions: Tensor) -> Tensor:
        """(T,) → (T, C)."""
        return self.table[positions]


def make_positions(config: GPTConfig) -> nn.Module | None:
    """The module that turns positions (T,) into vectors (T, C), if the config adds any."""
    if config.position == "learned":
        return nn.Embedding(config.block_size, config.n_embd)
    if config.position == "sinusoidal":
        return SinusoidalPositions(config.block_size, config.n_embd)
    return None


def rotary_angles(length: int, width: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of position · 10000^(-2i / width), each (length, width / 2)."""
    frequencies = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * frequencies
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of channels of x (..., D) by its position's angle (..., D / 2).

    RoPE, Su et al. 2021, section 3.4: q · k then depends only on how far apart two tokens are.
    Channel i is paired with channel i + D / 2, as in GPT-NeoX: (a, b) becomes
    (a cos - b sin, b cos + a sin).
    """
    cos, sin = torch.cat((cos, cos), dim=-1), torch.cat((-sin, sin), dim=-1)
    swapped = x.roll(x.shape[-1] // 2, dims=-1)  # (b, a)
    return x * cos.to(x.dtype) + swapped * sin.to(x.dtype)


def _init_weights(module: nn.Module) -> None:
    """Weights from a normal distribution of width 0.02, biases at zero (GPT-2)."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
