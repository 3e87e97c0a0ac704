"""A vector quantizer: each vector of a map becomes the nearest of a few codes (van den Oord et al. 2017).

The codes are no weights: each follows the mean of the vectors that chose it, as an exponential moving average
over training batches (there, appendix A.1). The gradient passes the choice as if it were not there.
"""

import torch
from torch import Tensor, nn

LOWEST_USE = (
    0.1  # a code with fewer vectors a batch, as a moving average, starts again at a vector of the batch
)


class Quantizer(nn.Module):
    """`codes` vectors of `dim` numbers; a call moves them in training mode, none does in evaluation mode."""

    codes: Tensor  # (K, D)
    counts: Tensor  # (K,) vectors a batch that chose each code, moving average
    sums: Tensor  # (K, D) sum of those vectors, moving average; codes = sums / counts

    def __init__(self, codes: int, dim: int, decay: float = 0.99) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("codes", torch.randn(codes, dim))
        self.register_buffer("counts", torch.zeros(codes))  # none used yet: the first batch sets them all
        self.register_buffer("sums", torch.zeros(codes, dim))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantize (B, D, H, W).

        Returns the codes (B, D, H, W) with the gradient of x, their numbers (B, H, W), and the commitment
        |x - code|² summed over D, H and W (B,), whose gradient draws x to the code and leaves the code alone.
        """
        x = x.to(self.codes.dtype)
        vectors = x.detach().movedim(1, -1).flatten(0, 2)  # (B H W, D)
        if self.training:
            self._revive(vectors)
        flat = self.find_nearest(vectors)
        chosen = flat.view(len(x), *x.shape[2:])
        quantized = self.look_up(chosen)
        if self.training:
            self._follow(vectors, flat)
        commitment = (x - quantized).square().flatten(1).sum(1)
        return x + (quantized - x).detach(), chosen, commitment

    def look_up(self, chosen: Tensor) -> Tensor:
        """Return the codes of numbers (B, H, W) as a map (B, D, H, W)."""
        return self.codes[chosen].movedim(-1, 1)

    @torch.no_grad()
    def find_nearest(self, vectors: Tensor) -> Tensor:
        """Return the number of the code nearest to each vector: (N, D) -> (N,)."""
        with torch.autocast(vectors.device.type, enabled=False):
            distances = self.codes.square().sum(1) - 2 * vectors @ self.codes.T  # (N, K), but for |x|²
        return distances.argmin(1)

    @torch.no_grad()
    def _follow(self, vectors: Tensor, chosen: Tensor) -> None:
        counts = torch.bincount(chosen, minlength=len(self.codes)).to(self.counts)
        sums = torch.zeros_like(self.sums).index_add_(0, chosen, vectors)
        self.counts.lerp_(counts, 1 - self.decay)
        self.sums.lerp_(sums, 1 - self.decay)
        self.codes.copy_(self.sums / self.counts[:, None])

    @torch.no_grad()
    def _revive(self, vectors: Tensor) -> None:
        """Give codes that hardly any vector chooses a random vector of the batch, as if just used; ours."""
        dead = self.counts < LOWEST_USE
        if not dead.any():
            return
        places = torch.randint(len(vectors), (int(dead.sum()),), device=vectors.device)
        self.codes[dead] = vectors[places]
        self.sums[dead] = vectors[places]
        self.counts[dead] = 1.0
