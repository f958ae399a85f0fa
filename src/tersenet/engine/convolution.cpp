// Convolutions and dense layers: nearly all of the arithmetic. See engine.h for how activations lie in memory.

#include "engine.h"

namespace tersenet {
namespace {

// ---- the two ways to multiply ---------------------------------------------------------------------------------------

struct Float32 {
    using unit = float; // one weight
    using wide = vec;   // one channel's pixel of one tile
    static constexpr int group = 1;
    static void dot(vec &sum, wide x, unit w) { sum += x * w; }
    static void dot(vec &sum, wide x, wide g) { sum += x * g; }
    static unit weight(const float *w, size_t, bool) { return *w; }
    static wide channels(vec a, vec) { return a; }
    static wide tiles(vec a, vec) { return a; }
};

#if defined(__AVX512BF16__)
struct BFloat16 {
    using unit = uint32_t;
    using wide = __m512i;
    static constexpr int group = 2;
    static void dot(vec &sum, wide x, unit w) {
        sum = (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)_mm512_set1_epi32((int)w));
    }
    static void dot(vec &sum, wide x, wide g) {
        sum = (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)g);
    }
    static uint32_t rounded(float x) {
        uint32_t bits;
        std::memcpy(&bits, &x, 4);
        if (x != x) return bits >> 16 | 0x40; // rounded up, a number that is none could become one
        return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    }
    static unit weight(const float *w, size_t to_next, bool has_next) {
        return rounded(*w) | (has_next ? rounded(w[to_next]) << 16 : 0);
    }
    static wide channels(vec a, vec b) {
        __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)a));
        __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)b));
        return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
    }
    static wide tiles(vec a, vec b) { return (__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a); }
};
#endif

// ---- convolution (and dense layers, whose kernel is as large as what they are given) --------------------------------

// y[o][p] for OB channels and PX pixels of one row: the sum over the window and the channels given.
template <class M, int OB, int PX>
void multiply(const typename M::wide *x, size_t plane, int row, int stride, int dilation, const typename M::unit *w,
              int groups, int kernel_y, int kernel_x, const float *bias, vec *y, size_t y_plane, int channels) {
    vec sum[OB][PX];
    for (int o = 0; o < OB; ++o)
        for (int p = 0; p < PX; ++p) sum[o][p] = vec{};
    for (int group = 0; group < groups; ++group)
        for (int ky = 0; ky < kernel_y; ++ky) {
            const typename M::wide *at = x + group * plane + (size_t)ky * dilation * row;
            for (int kx = 0; kx < kernel_x; ++kx, at += dilation, w += OB) {
                typename M::wide seen[PX];
#pragma GCC unroll 8
                for (int p = 0; p < PX; ++p) seen[p] = at[p * stride];
#pragma GCC unroll 8
                for (int o = 0; o < OB; ++o)
#pragma GCC unroll 8
                    for (int p = 0; p < PX; ++p) M::dot(sum[o][p], seen[p], w[o]);
            }
        }
    for (int o = 0; o < std::min(OB, channels); ++o) {
        const vec add = all(bias ? bias[o] : 0.0f); // last: small products lose nothing beside a large bias
        for (int p = 0; p < PX; ++p) y[o * y_plane + p] = sum[o][p] + add;
    }
}

template <class M, int OB, int PX = OB == DOWN ? ACROSS : ACROSS / 2>
void multiply_row(int width, const typename M::wide *x, size_t plane, int row, int stride, int dilation,
                  const typename M::unit *w, int groups, int kernel_y, int kernel_x, const float *bias, vec *y,
                  size_t y_plane, int channels) {
    if (width == PX)
        return multiply<M, OB, PX>(x, plane, row, stride, dilation, w, groups, kernel_y, kernel_x, bias, y, y_plane,
                                   channels);
    if constexpr (PX > 1)
        multiply_row<M, OB, PX - 1>(width, x, plane, row, stride, dilation, w, groups, kernel_y, kernel_x, bias, y,
                                    y_plane, channels);
}

// A convolution of stride 1 or more over one tile; `x` has its border of zeros.
template <class M> struct Product {
    int channels, groups, kernel_y, kernel_x, stride, dilation, height, width; // of the result
    int down() const { return width <= ACROSS / 2 ? 2 * DOWN : DOWN; }
    size_t weight_units() const { return (size_t)up_to_multiple(channels, down()) * groups * kernel_y * kernel_x; }

    void operator()(const typename M::wide *x, size_t plane, int row, const typename M::unit *w, const float *bias,
                    vec *y) const {
        const int block = down(), most = block == DOWN ? ACROSS : ACROSS / 2;
        const int blocks = (width + most - 1) / most, y_plane = height * width;
        for (int o = 0; o < channels; o += block, w += (size_t)block * groups * kernel_y * kernel_x)
            for (int i = 0; i < height; ++i)
                for (int b = 0, j = 0; b < blocks; ++b) {
                    const int count = width / blocks + (b < width % blocks);
                    const typename M::wide *at = x + (size_t)i * stride * row + (size_t)j * stride;
                    const float *add = bias ? bias + o : nullptr;
                    vec *to = y + (size_t)o * y_plane + i * width + j;
                    const int left = channels - o;
                    if (block == DOWN)
                        multiply_row<M, DOWN>(count, at, plane, row, stride, dilation, w, groups, kernel_y, kernel_x, add,
                                              to, y_plane, left);
                    else
                        multiply_row<M, 2 * DOWN>(count, at, plane, row, stride, dilation, w, groups, kernel_y, kernel_x, add,
                                                  to, y_plane, left);
                    j += count;
                }
    }
};

// dw[o][i][ky][kx .. kx+KX] for DOWN channels o and IB channels i, summed over the pixels of several tiles.
template <class M, int IB, int KX>
void correlate(const typename M::wide *x, size_t x_tile, size_t x_plane, int x_row, int stride, int dilation,
               const typename M::wide *g, size_t g_tile, size_t g_plane, int tiles, int height, int width, float *dw,
               size_t to_o, size_t to_i, int count_o, int count_i) {
    vec sum[DOWN][IB][KX]{};
    for (int tile = 0; tile < tiles; ++tile)
        for (int i = 0; i < height; ++i) {
            const typename M::wide *xs = x + tile * x_tile + (size_t)i * stride * x_row;
            const typename M::wide *gs = g + tile * g_tile + (size_t)i * width;
            for (int j = 0; j < width; ++j, ++gs, xs += stride) {
                typename M::wide back[DOWN];
#pragma GCC unroll 8
                for (int o = 0; o < DOWN; ++o) back[o] = gs[o * g_plane];
#pragma GCC unroll 8
                for (int c = 0; c < IB; ++c)
#pragma GCC unroll 8
                    for (int k = 0; k < KX; ++k) {
                        const typename M::wide seen = xs[c * x_plane + k * dilation];
#pragma GCC unroll 8
                        for (int o = 0; o < DOWN; ++o) M::dot(sum[o][c][k], seen, back[o]);
                    }
            }
        }
    for (int o = 0; o < count_o; ++o)
        for (int c = 0; c < count_i; ++c)
            for (int k = 0; k < KX; ++k) dw[o * to_o + c * to_i + k] += total(sum[o][c][k]);
}

// Where a convolution finds its channels, where it is one group of several.
struct Place {
    size_t in, out;      // a tile of all channels that are given, that are made
    size_t weight, bias; // its first among the weights and biases of all groups
};

template <class M> class Convolution : public Layer {
    using wide = typename M::wide;
    using unit = typename M::unit;
    static constexpr int MOST_K = ACROSS / 2, MOST_I = 2;

  public:
    Convolution(const Step &step, Shared &shared, bool learns, Place place)
        : Layer(step, shared), learns_(learns), place_(place), row_(step.width_in + 2 * step.padding),
          plane_((size_t)row_ * (step.height_in + 2 * step.padding)), groups_in_((step.channels_in + M::group - 1) / M::group),
          groups_out_((step.channels + M::group - 1) / M::group), back_row_(step.width_in + step.reach_x()),
          back_plane_((size_t)back_row_ * (step.height_in + step.reach_y())),
          forward_{step.channels, groups_in_, step.kernel_y, step.kernel_x, step.stride, step.dilation, step.height,
                   step.width},
          backward_{step.channels_in, groups_out_, step.kernel_y, step.kernel_x, 1, step.dilation, step.height_in,
                    step.width_in},
          pairs_((shared.tiles + M::group - 1) / M::group), x_planes_(up_to_multiple(step.channels_in, MOST_I)),
          g_planes_(up_to_multiple(step.channels, DOWN)), weights_(forward_.weight_units()),
          back_weights_(learns ? backward_.weight_units() : 0), seen_(pairs_ * x_planes_ * plane_),
          given_(M::group == 1 ? 0 : shared.workers * groups_in_ * plane_),
          back_(learns ? shared.workers * groups_out_ * back_plane_ : 0),
          gradients_((size_t)pairs_ * g_planes_ * step.pixels()) {}

    void pack() override {
        const float *w = shared.parameters[step.weights] + place_.weight;
        const int area = step.kernel_y * step.kernel_x;
        const size_t to_o = (size_t)step.channels_in * area;
        each_block(step.channels, forward_.down(), [&](int first, int count, int block) {
            unit *to = &weights_[(size_t)first * groups_in_ * area];
            for (int group = 0; group < groups_in_; ++group)
                for (int k = 0; k < area; ++k)
                    for (int o = 0; o < block; ++o, ++to) {
                        const int i = group * M::group;
                        *to = o < count ? M::weight(w + (first + o) * to_o + i * area + k, area,
                                                    i + 1 < step.channels_in)
                                        : unit{};
                    }
        });
        if (!learns_ || !shared.batch.training) return;
        each_block(step.channels_in, backward_.down(), [&](int first, int count, int block) {
            unit *to = &back_weights_[(size_t)first * groups_out_ * area];
            for (int group = 0; group < groups_out_; ++group)
                for (int k = area - 1; k >= 0; --k)
                    for (int i = 0; i < block; ++i, ++to) {
                        const int o = group * M::group;
                        *to = i < count ? M::weight(w + o * to_o + (first + i) * area + k, to_o, o + 1 < step.channels)
                                        : unit{};
                    }
        });
    }

    void forward(Span tiles, const vec *x, vec *y) override {
        const float *bias = step.bias ? shared.parameters[step.weights + 1] + place_.bias : nullptr;
        for (int tile = tiles.first; tile < tiles.end; ++tile) {
            wide *given = M::group == 1 ? &seen_[(size_t)tile * x_planes_ * plane_]
                                        : &given_[(size_t)tiles.worker * groups_in_ * plane_];
            pack_channels(x + tile * place_.in, given);
            forward_(given, plane_, row_, weights_.get(), bias, y + tile * place_.out);
        }
        if (M::group == 2 && shared.batch.training) pack_pair(x, tiles);
    }

    void backward(Span tiles, const vec *, vec *gy, vec *gx) override {
        for (int tile = tiles.first; tile < tiles.end; tile += M::group) {
            wide *to = &gradients_[(size_t)(tile / M::group) * g_planes_ * step.pixels()];
            const vec *a = gy + (tile - tiles.first) * place_.out, *b = tile + 1 < tiles.end ? a + place_.out : nullptr;
            for (size_t n = 0; n < size(); ++n) to[n] = M::tiles(a[n], b ? b[n] : vec{});
        }
        if (large()) {
            float *dw = shared.gradient(tiles.part, step.weights);
            for (int o = 0; o < step.channels; o += DOWN) correlate_all(tiles.first, tiles.end, o, dw);
        }
        if (step.bias) add_bias(tiles, gy);
        if (!gx) return;
        for (int tile = 0; tile < tiles.count(); ++tile) {
            wide *back = &back_[(size_t)tiles.worker * groups_out_ * back_plane_];
            spread(gy + tile * place_.out, back);
            backward_(back, back_plane_, back_row_, back_weights_.get(), nullptr, gx + tile * place_.in);
        }
    }

    // Few pixels a sum: the gradient of the weights is summed up over all tiles at once, some channels a job.
    int late_jobs() const override { return large() ? 0 : (step.channels + DOWN - 1) / DOWN; }
    void late(int job) override {
        correlate_all(0, shared.batch.tiles, job * DOWN, shared.whole_gradient(step.weights));
    }
    bool by_part(int n) const override { return n == 1 || large(); }

  private:
    template <class F> void each_block(int channels, int block, F job) {
        for (int first = 0; first < channels; first += block) job(first, std::min(block, channels - first), block);
    }

    // Many pixels a sum: the gradient of the weights can be summed up two tiles at a time.
    bool large() const { return step.pixels() >= 100; }

    // Planes of a tile, M::group channels a unit, inside their border.
    void pack_channels(const vec *x, wide *to) {
        for (int c = 0; c < step.channels_in; c += M::group, to += plane_) {
            const vec *a = x + (size_t)c * step.pixels_in(), *b = c + 1 < step.channels_in ? a + step.pixels_in() : nullptr;
            for (int i = 0; i < step.height_in; ++i) {
                wide *at = to + (size_t)(i + step.padding) * row_ + step.padding;
                for (int j = 0; j < step.width_in; ++j, ++a) at[j] = M::channels(*a, b ? *b++ : vec{});
            }
        }
    }

    // Planes of two tiles, for the gradient of the weights.
    void pack_pair(const vec *x, Span tiles) {
        const vec *a = x + tiles.first * place_.in, *b = tiles.first + 1 < tiles.end ? a + place_.in : nullptr;
        wide *to = &seen_[(size_t)(tiles.first / 2) * x_planes_ * plane_];
        for (int c = 0; c < step.channels_in; ++c, to += plane_)
            for (int i = 0; i < step.height_in; ++i) {
                wide *at = to + (size_t)(i + step.padding) * row_ + step.padding;
                for (int j = 0; j < step.width_in; ++j, ++a) at[j] = M::tiles(*a, b ? *b++ : vec{});
            }
    }

    // Planes of gradients, M::group channels a unit, `stride` apart, inside the border that turns backward to forward.
    void spread(const vec *g, wide *to) {
        const int top = step.reach_y() - step.padding, left = step.reach_x() - step.padding;
        // Where the padding is wider than the kernel reaches, the outermost windows see nothing but padding.
        const int above = first_inside(top), below = std::min(step.height, inside_until(top, step.height_in + step.reach_y()));
        const int before = first_inside(left), behind = std::min(step.width, inside_until(left, back_row_));
        for (int c = 0; c < step.channels; c += M::group, to += back_plane_) {
            const vec *a = g + (size_t)c * step.pixels(), *b = c + 1 < step.channels ? a + step.pixels() : nullptr;
            for (int i = above; i < below; ++i) {
                wide *at = to + (size_t)(i * step.stride + top) * back_row_ + left;
                for (int j = before, n = i * step.width + before; j < behind; ++j, ++n)
                    at[j * step.stride] = M::channels(a[n], b ? b[n] : vec{});
            }
        }
    }

    int first_inside(int border) const { return border < 0 ? (-border + step.stride - 1) / step.stride : 0; }
    int inside_until(int border, int length) const { return (length - border + step.stride - 1) / step.stride; }

    // Adds to dw: of DOWN channels from o on, over these tiles.
    void correlate_all(int first_tile, int end_tile, int o, float *dw) {
        const int first = first_tile / M::group, end = (end_tile + M::group - 1) / M::group;
        const int area = step.kernel_y * step.kernel_x, ob = std::min(DOWN, step.channels - o);
        dw += place_.weight + (size_t)o * step.channels_in * area;
        for (int i = 0; i < step.channels_in; i += MOST_I)
            for (int ky = 0; ky < step.kernel_y; ++ky)
                for (int kx = 0; kx < step.kernel_x; kx += MOST_K) {
                    const int ib = std::min(MOST_I, step.channels_in - i), kb = std::min(MOST_K, step.kernel_x - kx);
                    float *to = dw + (size_t)i * area + ky * step.kernel_x + kx;
                    switch (ib * 4 + kb) {
                    case 4 + 1: correlate_block<1, 1>(first, end, o, i, ky, kx, to, ob, ib); break;
                    case 4 + 2: correlate_block<1, 2>(first, end, o, i, ky, kx, to, ob, ib); break;
                    case 4 + 3: correlate_block<1, 3>(first, end, o, i, ky, kx, to, ob, ib); break;
                    case 8 + 1: correlate_block<2, 1>(first, end, o, i, ky, kx, to, ob, ib); break;
                    case 8 + 2: correlate_block<2, 2>(first, end, o, i, ky, kx, to, ob, ib); break;
                    case 8 + 3: correlate_block<2, 3>(first, end, o, i, ky, kx, to, ob, ib); break;
                    }
                }
    }

    template <int IB, int KX>
    void correlate_block(int first, int end, int o, int i, int ky, int kx, float *to, int ob, int ib) {
        const int area = step.kernel_y * step.kernel_x;
        const size_t x_tile = x_planes_ * plane_, g_tile = (size_t)g_planes_ * step.pixels();
        const size_t corner = ((size_t)ky * row_ + kx) * step.dilation;
        correlate<M, IB, KX>(&seen_[first * x_tile + i * plane_ + corner], x_tile, plane_, row_, step.stride,
                             step.dilation, &gradients_[first * g_tile + (size_t)o * step.pixels()], g_tile,
                             step.pixels(), end - first, step.height, step.width, to, (size_t)step.channels_in * area,
                             area, ob, ib);
    }

    void add_bias(Span tiles, const vec *gy) {
        float *db = shared.gradient(tiles.part, step.weights + 1) + place_.bias;
        for (int c = 0; c < step.channels; ++c) {
            vec sum{};
            for (int tile = 0; tile < tiles.count(); ++tile)
                for (int p = 0; p < step.pixels(); ++p) sum += gy[tile * place_.out + c * step.pixels() + p];
            db[c] += total(sum);
        }
    }

    const bool learns_;
    const Place place_;
    const int row_;
    const size_t plane_;
    const int groups_in_, groups_out_, back_row_;
    const size_t back_plane_;
    const Product<M> forward_, backward_;
    const int pairs_;
    const size_t x_planes_, g_planes_;
    Buffer<unit> weights_, back_weights_;
    Buffer<wide> seen_, given_, back_, gradients_;
};

// Groups of channels, each a convolution of its own.
template <class M> class Grouped : public Layer {
  public:
    Grouped(const Step &step, Shared &shared, bool learns) : Layer(step, shared) {
        Step part = step;
        part.channels /= step.groups, part.channels_in /= step.groups;
        const size_t weights = (size_t)part.channels * part.channels_in * step.kernel_y * step.kernel_x;
        convolutions_.reserve(step.groups);
        for (int n = 0; n < step.groups; ++n)
            convolutions_.emplace_back(part, shared, learns, Place{size_in(), size(), n * weights, (size_t)n * part.channels});
    }
    void pack() override {
        for (auto &one : convolutions_) one.pack();
    }
    void forward(Span tiles, const vec *x, vec *y) override {
        for (auto &one : convolutions_) one.forward(tiles, x, y), x += one.step.size_in(), y += one.step.size();
    }
    void backward(Span tiles, const vec *x, vec *gy, vec *gx) override {
        for (auto &one : convolutions_) {
            one.backward(tiles, x, gy, gx);
            gy += one.step.size();
            if (gx) gx += one.step.size_in();
        }
    }
    int late_jobs() const override { return convolutions_[0].late_jobs() * (int)convolutions_.size(); }
    void late(int job) override {
        const int each = convolutions_[0].late_jobs();
        convolutions_[job / each].late(job % each);
    }
    bool by_part(int n) const override { return convolutions_[0].by_part(n); }

  private:
    std::vector<Convolution<M>> convolutions_;
};

template <class M> std::unique_ptr<Layer> made(const Step &step, Shared &shared, bool learns) {
    if (step.groups > 1) return std::make_unique<Grouped<M>>(step, shared, learns);
    return std::make_unique<Convolution<M>>(step, shared, learns, Place{step.size_in(), step.size(), 0, 0});
}

} // namespace

std::unique_ptr<Layer> make_convolution(const Step &step, Shared &shared, bool learns, bool bfloat16) {
#if defined(__AVX512BF16__)
    if (bfloat16) return made<BFloat16>(step, shared, learns);
#else
    (void)bfloat16;
#endif
    return made<Float32>(step, shared, learns);
}

} // namespace tersenet
