// Convolutions of a channel or two each, depthwise ones above all: plane by plane, where products of many channels
// would mostly multiply nothing. They multiply in float32 in either precision: they wait for memory, not for products.

#pragma once

#include "engine.h"

namespace tersenet {

class Planes : public Layer {
  public:
    Planes(const Step &step, Shared &shared)
        : Layer(step, shared), in_(step.channels_in / step.groups), out_(step.channels / step.groups),
          row_(step.width_in + 2 * step.padding), plane_((size_t)row_ * (step.height_in + 2 * step.padding)),
          back_row_(step.width_in + step.reach_x()), back_plane_((size_t)back_row_ * (step.height_in + step.reach_y())),
          seen_(shared.workers * step.channels_in * plane_), back_(shared.workers * step.channels * back_plane_),
          flipped_((size_t)step.channels * in_ * area()) {}

    void pack() override {
        const float *w = shared.parameters[step.weights];
        for (int n = 0; n < step.channels * in_; ++n)
            for (int k = 0; k < area(); ++k) flipped_[(size_t)n * area() + k] = w[(size_t)n * area() + area() - 1 - k];
    }

    void forward(Span tiles, const vec *x, vec *y) override {
        const float *w = shared.parameters[step.weights], *bias = step.bias ? shared.parameters[step.weights + 1] : nullptr;
        for (int tile = tiles.first; tile < tiles.end; ++tile) {
            const vec *seen = bordered(tiles.worker, x + tile * size_in());
            vec *to = y + tile * size();
            for (int o = 0; o < step.channels; ++o, to += step.pixels()) {
                const int first = o / out_ * in_; // of the channels that it sees
                slide(seen + first * plane_, plane_, row_, step.stride, w + (size_t)o * in_ * area(), area(), in_,
                      step.height, step.width, to);
                for (int p = 0; bias && p < step.pixels(); ++p) to[p] += bias[o];
            }
        }
    }

    void backward(Span tiles, const vec *x, vec *gy, vec *gx) override {
        for (int tile = tiles.first; tile < tiles.end; ++tile) {
            const vec *g = gy + (tile - tiles.first) * size();
            learn(tiles.part, bordered(tiles.worker, x + tile * size_in()), g);
            if (!gx) continue;
            vec *back = &back_[(size_t)tiles.worker * step.channels * back_plane_];
            spread(g, back);
            vec *to = gx + (tile - tiles.first) * size_in();
            for (int i = 0; i < step.channels_in; ++i, to += step.pixels_in()) {
                const int first = i / in_ * out_; // of the channels that see it
                slide(back + first * back_plane_, back_plane_, back_row_, 1,
                      &flipped_[((size_t)first * in_ + i % in_) * area()], (size_t)in_ * area(), out_, step.height_in,
                      step.width_in, to);
            }
        }
    }

  private:
    static constexpr int MOST = LANES == 16 ? 12 : 8; // pixels at once

    int area() const { return step.kernel_y * step.kernel_x; }

    // y[p]: the sum over `planes` planes of x and their windows, whose weights are `to_next` apart.
    void slide(const vec *x, size_t plane, int row, int stride, const float *w, size_t to_next, int planes, int height,
               int width, vec *y) const {
        for (int i = 0; i < height; ++i)
            for (int j = 0; j < width;) {
                const vec *at = x + (size_t)i * stride * row + (size_t)j * stride;
                vec *to = y + (size_t)i * width + j;
                const int left = width - j;
                if (left >= MOST)
                    j += some<MOST>(at, plane, row, stride, w, to_next, planes, to);
                else if (left >= 4)
                    j += some<4>(at, plane, row, stride, w, to_next, planes, to);
                else if (left >= 2)
                    j += some<2>(at, plane, row, stride, w, to_next, planes, to);
                else
                    j += some<1>(at, plane, row, stride, w, to_next, planes, to);
            }
    }
    template <int PX>
    int some(const vec *x, size_t plane, int row, int stride, const float *w, size_t to_next, int planes, vec *y) const {
        vec sum[PX]{};
        for (int n = 0; n < planes; ++n, x += plane, w += to_next) {
            const float *weight = w;
            for (int k = 0; k < step.kernel_y; ++k) {
                const vec *at = x + (size_t)k * step.dilation * row;
                for (int l = 0; l < step.kernel_x; ++l, ++weight, at += step.dilation)
#pragma GCC unroll 16
                    for (int p = 0; p < PX; ++p) sum[p] += at[p * stride] * *weight;
            }
        }
#pragma GCC unroll 16
        for (int p = 0; p < PX; ++p) y[p] = sum[p];
        return PX;
    }

    // Adds the gradients of the weights and biases.
    void learn(int part, const vec *seen, const vec *g) const {
        float *dw = shared.gradient(part, step.weights);
        for (int o = 0; o < step.channels; ++o, g += step.pixels()) {
            for (int i = 0; i < in_; ++i) {
                const vec *x = seen + (size_t)(o / out_ * in_ + i) * plane_;
                for (int k = 0; k < step.kernel_y; ++k)
                    for (int l = 0; l < step.kernel_x; dw += std::min(4, step.kernel_x - l), l += 4) {
                        const vec *at = x + ((size_t)k * row_ + l) * step.dilation;
                        switch (step.kernel_x - l) {
                        case 1: correlate<1>(at, g, dw); break;
                        case 2: correlate<2>(at, g, dw); break;
                        case 3: correlate<3>(at, g, dw); break;
                        default: correlate<4>(at, g, dw);
                        }
                    }
            }
            if (!step.bias) continue;
            vec sum{};
            for (int p = 0; p < step.pixels(); ++p) sum += g[p];
            shared.gradient(part, step.weights + 1)[o] += total(sum);
        }
    }
    template <int KX> void correlate(const vec *x, const vec *g, float *dw) const {
        vec sum[KX]{};
        for (int i = 0; i < step.height; ++i, x += (size_t)step.stride * row_) {
            const vec *at = x;
            for (int j = 0; j < step.width; ++j, ++g, at += step.stride)
#pragma GCC unroll 4
                for (int k = 0; k < KX; ++k) sum[k] += at[k * step.dilation] * *g;
        }
        for (int k = 0; k < KX; ++k) dw[k] += total(sum[k]);
    }

    // Planes of a tile inside their border of zeros.
    const vec *bordered(int worker, const vec *x) const {
        if (!step.padding) return x;
        vec *to = &seen_[(size_t)worker * step.channels_in * plane_];
        for (int c = 0; c < step.channels_in; ++c)
            for (int i = 0; i < step.height_in; ++i, x += step.width_in)
                std::copy_n(x, step.width_in, to + c * plane_ + (size_t)(i + step.padding) * row_ + step.padding);
        return to;
    }

    // Planes of gradients, `stride` apart, inside the border that turns backward to forward.
    void spread(const vec *g, vec *to) const {
        const int top = step.reach_y() - step.padding, left = step.reach_x() - step.padding;
        for (int c = 0; c < step.channels; ++c, to += back_plane_)
            for (int i = 0; i < step.height; ++i)
                for (int j = 0; j < step.width; ++j, ++g) {
                    const int y = i * step.stride + top, x = j * step.stride + left;
                    if (y >= 0 && x >= 0 && y < step.height_in + step.reach_y() && x < back_row_)
                        to[(size_t)y * back_row_ + x] = *g;
                }
    }

    const int in_, out_; // channels of a group
    const int row_;
    const size_t plane_;
    const int back_row_;
    const size_t back_plane_;
    Buffer<vec> seen_, back_;
    Buffer<float> flipped_;
};

} // namespace tersenet
