"""Scoring speed of the ceVAE against a literal implementation of the published net, on the same volume.

    .venv/bin/python tests/benchmarks/bench_reference.py [--side 64] [--slices 64] [--rounds 7]

The literal net concatenates two coordinate channels before each convolution and writes the last layer of the
encoder and the first of the decoder as convolutions between 4x4 and 1x1, as the thesis describes it. It holds
the same weights as ours. Both are asked for the error and for the gradient of the KL term with respect to the
input. They take turns; medians and the ratios of the rounds are printed. With a GPU a second table follows.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch
import typer
from torch import Tensor, nn

from mood_reference.methods import Profile
from mood_reference.models.cevae import Config, Vae, find_divergence, look, make_config
from mood_reference.nets.blocks import CoordConv2d, make_coordinates
from mood_reference.stages import freeze

BATCH = 32
Scorer = Callable[[Tensor], tuple[Tensor, Tensor]]


class LiteralCoordConv(nn.Module):
    """Concatenates the coordinates of every slice, then convolves all channels."""

    def __init__(self, ours: CoordConv2d) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(ours.inputs + 2, ours.weight.shape[0], 4, 2, 1)
        self.convolution.load_state_dict({"weight": ours.weight, "bias": ours.bias})

    def forward(self, x: Tensor) -> Tensor:
        joined = torch.cat([x, make_coordinates(x).expand(len(x), -1, -1, -1)], dim=1)
        return self.convolution(joined)


class LiteralEncoder(nn.Module):
    """Five convolutions; the last one, with coordinates, goes from 4x4 to 1x1 for mean and log deviation."""

    def __init__(self, net: Vae, config: Config) -> None:
        super().__init__()
        layers = [layer for layer in net.encoder.body.modules() if isinstance(layer, CoordConv2d)]
        self.body = nn.Sequential(
            *(nn.Sequential(LiteralCoordConv(layer), nn.LeakyReLU(0.01)) for layer in layers)
        )
        bottom = config.side // 2 ** len(config.maps)
        self.heads = nn.ModuleList(self._make_head(head, config, bottom) for head in net.encoder.heads)

    def _make_head(self, head: nn.Linear, config: Config, bottom: int) -> nn.Conv2d:
        """The coordinates get weight 0: at 1x1 they are constants, which the bias holds already."""
        convolution = nn.Conv2d(config.maps[-1] + 2, config.latents, bottom)
        own = head.weight.view(config.latents, config.maps[-1], bottom, bottom)
        weight = torch.cat([own, torch.zeros(config.latents, 2, bottom, bottom)], dim=1)
        convolution.load_state_dict({"weight": weight, "bias": head.bias})
        return convolution

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        features = self.body(x)
        joined = torch.cat([features, make_coordinates(features).expand(len(x), -1, -1, -1)], dim=1)
        return tuple(head(joined).flatten(1) for head in self.heads)


class LiteralDecoder(nn.Module):
    """Five transposed convolutions from 1x1, each with coordinates."""

    def __init__(self, net: Vae, config: Config) -> None:
        super().__init__()
        bottom = config.side // 2 ** len(config.maps)
        first = next(layer for layer in net.decoder.body.modules() if isinstance(layer, nn.Linear))
        self.first = nn.ConvTranspose2d(config.latents + 2, config.maps[-1], bottom)
        own = first.weight.T.reshape(config.latents, config.maps[-1], bottom, bottom)
        weight = torch.cat([own, torch.zeros(2, config.maps[-1], bottom, bottom)])
        # Ours has a bias for each of the 4x4 pixels, a convolution one for all: it is 0 in both.
        self.first.load_state_dict({"weight": weight, "bias": torch.zeros(config.maps[-1])})
        layers = [layer for layer in net.decoder.body.modules() if isinstance(layer, CoordConv2d)]
        self.rest = nn.ModuleList(self._make_layer(layer) for layer in layers)

    def _make_layer(self, ours: CoordConv2d) -> nn.ConvTranspose2d:
        layer = nn.ConvTranspose2d(ours.inputs + 2, ours.weight.shape[1], 4, 2, 1)
        layer.load_state_dict({"weight": ours.weight, "bias": ours.bias})
        return layer

    def forward(self, z: Tensor) -> Tensor:
        x = self._join(z[:, :, None, None])
        x = nn.functional.leaky_relu(self.first(x), 0.01)
        for number, layer in enumerate(self.rest):
            x = layer(self._join(x))
            x = nn.functional.leaky_relu(x, 0.01) if number + 1 < len(self.rest) else x
        return x

    def _join(self, x: Tensor) -> Tensor:
        return torch.cat([x, make_coordinates(x).expand(len(x), -1, -1, -1)], dim=1)


class Literal(nn.Module):
    def __init__(self, net: Vae, config: Config) -> None:
        super().__init__()
        self.encoder, self.decoder = LiteralEncoder(net, config), LiteralDecoder(net, config)

    def score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Error and gradient of the input alone: the kinder reading of the publication."""
        leaf = x.detach().requires_grad_()
        mean, log_std = self.encoder(leaf)
        with torch.no_grad():
            error = (leaf - self.decoder(mean)).abs()
        (gradient,) = torch.autograd.grad(find_divergence(mean, log_std).sum(), leaf)
        return error, gradient

    def score_as_published(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The same by `loss.backward()`, which derives every weight too, as the public code does."""
        leaf = x.detach().requires_grad_()
        mean, log_std = self.encoder(leaf)
        error = (leaf - self.decoder(mean)).abs()
        self.zero_grad()
        find_divergence(mean, log_std).sum().backward()
        assert leaf.grad is not None
        return error.detach(), leaf.grad


def make_nets(config: Config, device: torch.device) -> tuple[Vae, Literal]:
    torch.manual_seed(0)
    ours = Vae(config)
    first = next(layer for layer in ours.decoder.body.modules() if isinstance(layer, nn.Linear))
    nn.init.zeros_(first.bias)
    literal = Literal(ours, config)
    return freeze(ours).to(device), literal.eval().to(device)  # type: ignore[return-value]


def score_ours(net: Vae, x: Tensor, config: Config) -> tuple[Tensor, Tensor]:
    seen = look(net, x, config, "kl")
    return seen.error.abs()[:, None], seen.gradient[:, None]


def time_volume(score: Callable[[Tensor], object], volume: Tensor) -> float:
    """Seconds for all slices."""
    begun = time.perf_counter()
    for part in volume.split(BATCH):
        score(part)
    if volume.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def compare(config: Config, device: torch.device, *, slices: int, rounds: int) -> None:
    ours, literal = make_nets(config, device)
    volume = torch.randn(slices, 1, config.side, config.side, device=device).clamp(-1.5, 1.5)
    scorers: dict[str, Scorer] = {
        "as published": literal.score_as_published,
        "literal net": literal.score,
        "ours": lambda x: score_ours(ours, x, config),
    }
    seconds: dict[str, list[float]] = {name: [] for name in scorers}
    for _ in range(rounds):
        for name, score in scorers.items():
            seconds[name].append(time_volume(score, volume))
    parameters = sum(weight.numel() for weight in ours.parameters())
    typer.echo(f"{device.type}, {config.side}², maps {config.maps}, {parameters / 1e6:.1f} M parameters")
    part = volume[:BATCH]
    for name, times in seconds.items():
        ratios = [a / b for a, b in zip(times, seconds["ours"], strict=True)]
        worst = find_difference(scorers["ours"](part), scorers[name](part))
        typer.echo(
            f"  {name:13} {slices / statistics.median(times):8.0f} slices/s; ours is "
            f"{statistics.median(ratios):.2f} times as fast (rounds {min(ratios):.2f} to {max(ratios):.2f}), "
            f"largest relative difference {worst:.1e}"
        )


def find_difference(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    return max(float((a - b).abs().max() / a.abs().max()) for a, b in zip(one, other, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slices", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    devices = [torch.device("cpu"), *([torch.device("cuda")] if torch.cuda.is_available() else [])]
    for device in devices:
        for profile in (Profile.CPU, Profile.PAPER):
            config = make_config(profile=profile, dataset="brain")
            compare(config, device, slices=options.slices, rounds=options.rounds)


if __name__ == "__main__":
    main()
