"""AdamW: Adam with weight decay apart from the gradient."""

from __future__ import annotations

from torch import optim

from tersenet.training.optimizers.kinds.adam import AdamKind
from tersenet.training.optimizers.optimizer_kind import without_compiler

AdamW = without_compiler(optim.AdamW)


class AdamWKind(AdamKind):
    """AdamW with torch's second moment, 0.999."""

    name = "adamw"
    title = "AdamW"
    about = "Adam with weight decay apart from the gradient"
    source = "Loshchilov & Hutter 2019"
    makes = optim.AdamW
    steps = AdamW
    alike = (optim.AdamW, AdamW)
