"""What a network answers: its logits over a whole set, and the loss and accuracy that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.engine import MOST_WORKERS, check_engine, compile_network, library
from tersenet.evaluation.answers import as_logits, own_precision

Batches = Iterable[tuple[Tensor, Tensor]]
Criterion = Callable[[Tensor, Tensor], Tensor]

NO_ANSWER = -1
"""The guess of a network that gave NaN: no class, so it is wrong whatever the label."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Mean loss per picture, accuracy in percent, and the counts behind it.

    `broken` counts the answers that are not numbers (NaN): they are wrong, and the loss is NaN.

    >>> print(Evaluation(loss=0.0211, accuracy=99.43, correct=9943, images=10_000))
    loss 0.0211, accuracy 9943/10000 (99.43 %)
    """

    loss: float
    accuracy: float
    correct: int
    images: int
    broken: int = 0

    def __str__(self) -> str:
        text = f"loss {self.loss:.4f}, accuracy {self.correct}/{self.images} ({self.accuracy:.2f} %)"
        return f"{text}, NaN answers: {self.broken}" if self.broken else text


def evaluate(
    model: nn.Module,
    batches: Batches,
    criterion: Criterion = F.cross_entropy,
    *,
    device: torch.device | str = "cpu",
    workers: int | None = None,
) -> Evaluation:
    """Measure any module on any iterable of `(images, labels)` batches, without gradients and in evaluation mode.

    The model may answer with logits `[N, K]`, with maps `[N, K, 1, 1]`, or with log-probabilities (the cross-entropy
    of log-probabilities equals that of the logits). Images are given to it in the precision of its weights.
    `criterion(logits, labels)` gives a batch's mean loss; the means are weighted by batch size. An answer with NaN
    counts as wrong and makes the loss NaN. Afterwards every module is in the mode that it was in.

    A network that the compiled engine knows runs in it, if the engine has been compiled, with `workers` threads (1 to
    256; default: torch's number of threads).

    Raises TersenetError where there are no pictures, or the answers do not fit the labels.

    >>> pictures, labels = torch.eye(3).view(3, 1, 1, 3), torch.tensor([0, 1, 1])
    >>> evaluation = evaluate(nn.Flatten(), [(pictures, labels)])
    >>> evaluation.correct, evaluation.images, round(evaluation.accuracy, 2)
    (2, 3, 66.67)
    """
    losses: list[Tensor] = []
    hits: list[Tensor] = []
    sizes: list[int] = []
    with _evaluation_mode(model):
        fast = _fast(model, device, workers)
        for images, labels in batches:
            with torch.inference_mode():
                logits, labels_n = _answer(fast, images, labels, device)
                losses.append(criterion(logits, labels_n))
                guessed = guesses(logits)
                hits.append(torch.stack([(guessed == labels_n).sum(), (guessed == NO_ANSWER).sum()]))
            sizes.append(len(labels_n))
    total = sum(sizes)
    if total == 0:
        raise _nothing_to_measure()
    # Read from the device once, at the end: a reading a batch would hold an accelerator up.
    loss = torch.stack(losses).cpu().double() @ torch.tensor(sizes, dtype=torch.float64) / total
    correct, broken = torch.stack(hits).sum(dim=0).tolist()
    return Evaluation(loss=float(loss), accuracy=100 * correct / total, correct=correct, images=total, broken=broken)


def predict_logits(
    model: nn.Module,
    batches: Batches,
    *,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """All logits `[N, K]` and labels `[N]` of an iterable of `(images, labels)` batches, on the CPU, in its order.

    The modes, the kinds of answers and the errors are those of `evaluate`.

    >>> pictures, labels = torch.eye(3).view(3, 1, 1, 3), torch.tensor([0, 1, 1])
    >>> logits, labels = predict_logits(nn.Flatten(), [(pictures, labels)])
    >>> logits.shape, labels.tolist()
    (torch.Size([3, 3]), [0, 1, 1])
    """
    pairs: list[tuple[Tensor, Tensor]] = []
    with _evaluation_mode(model):
        fast = _fast(model, device, None)
        for images, labels in batches:
            with torch.inference_mode():
                pairs.append(_answer(fast, images, labels, device))
    if sum(len(labels_n) for _, labels_n in pairs) == 0:
        raise _nothing_to_measure()
    # Joined outside inference mode, so that these are ordinary tensors to whoever takes them further.
    return torch.cat([logits for logits, _ in pairs]).cpu(), torch.cat([labels_n for _, labels_n in pairs]).cpu()


def guesses(logits: Tensor) -> Tensor:
    """The class with the largest logit, int64 `[N]`; `NO_ANSWER` (−1) where the softmax is not a number.

    >>> guesses(torch.tensor([[0.1, 0.9], [2.0, -2.0], [float("nan"), 1.0]])).tolist()
    [1, 0, -1]
    """
    broken = logits.log_softmax(dim=1).isnan().any(dim=1)
    return logits.argmax(dim=1).masked_fill(broken, NO_ANSWER)


def _fast(model: nn.Module, device: torch.device | str, workers: int | None) -> nn.Module:
    """The network in the compiled engine, where that is here and knows it; else the network."""
    if workers is not None:
        check_engine(workers=workers)
    if torch.device(device).type != "cpu" or library(compile_it=False) is None:
        return model
    return compile_network(model, workers=workers or min(torch.get_num_threads(), MOST_WORKERS)) or model


def _answer(model: nn.Module, images: Tensor, labels: Tensor, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Logits `[N, K]` and labels `[N]` of one batch, on the device."""
    kind = own_precision(model)
    pictures = images.to(device)
    if kind is not torch.float32 and pictures.is_floating_point():
        pictures = pictures.to(kind)
    return as_logits(model(pictures), labels), labels.to(device, torch.int64)


@contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    """`model.eval()` for a while; afterwards each module has the mode it had, one frozen on purpose included."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _nothing_to_measure() -> TersenetError:
    return TersenetError(
        "There is nothing to measure: no pictures were given.",
        got="0 pictures",
        expected="batches of (images, labels)",
        hint="a generator gives its batches only once: pass a list or a DataLoader",
    )
