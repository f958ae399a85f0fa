// The kinds of layers by their letters. How each is written comes from Python's table of kinds; what it computes is
// its file here.

import { ELU } from "./activations/elu.js";
import { GELU } from "./activations/gelu.js";
import { HardSwish } from "./activations/hard_swish.js";
import { LeakyReLU } from "./activations/leaky_relu.js";
import { PReLU } from "./activations/prelu.js";
import { ReLU } from "./activations/relu.js";
import { Sigmoid } from "./activations/sigmoid.js";
import { SiLU } from "./activations/silu.js";
import { Tanh } from "./activations/tanh.js";
import { AveragePooling } from "./layers/average_pooling.js";
import { Convolution } from "./layers/convolution.js";
import { Dense } from "./layers/dense.js";
import { Depthwise } from "./layers/depthwise.js";
import { ValueDropout } from "./layers/dropout.js";
import { GlobalAverage } from "./layers/global_average.js";
import { GlobalMaximum } from "./layers/global_maximum.js";
import { Layer } from "./layers/layer.js";
import { MapDropout } from "./layers/map_dropout.js";
import { MaxPooling } from "./layers/max_pooling.js";
import { BatchNorm } from "./normalisations/batch.js";
import { GroupNorm } from "./normalisations/group.js";
import { LayerNorm } from "./normalisations/layer.js";

/** @type {Record<string, typeof Layer>} */
export const LAYERS = {
  C: Convolution,
  DW: Depthwise,
  BN: BatchNorm,
  GN: GroupNorm,
  LN: LayerNorm,
  R: ReLU,
  LR: LeakyReLU,
  PR: PReLU,
  ELU,
  HS: HardSwish,
  S: Sigmoid,
  SiLU,
  GELU,
  T: Tanh,
  D: ValueDropout,
  DD: MapDropout,
  MP: MaxPooling,
  AP: AveragePooling,
  GAP: GlobalAverage,
  GMP: GlobalMaximum,
  N: Dense,
};
