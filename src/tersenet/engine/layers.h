// The layers that move, drop or pool values, and those that normalise each picture by itself.

#pragma once

#include "engine.h"

namespace tersenet {

class Pool : public Layer {
  public:
    using Layer::Layer;
    void forward(Span tiles, const vec *x, vec *y) override {
        y += tiles.first * size();
        for (int plane = tiles.first * step.channels; plane < tiles.end * step.channels; ++plane)
            for (int i = 0; i < step.height; ++i, y += step.width)
                step.kind == MAX_POOL ? largest_of_row(x, plane, i, y) : means_of_row(x, plane, i, y);
    }
    void backward(Span tiles, const vec *x, vec *gy, vec *gx) override {
        if (!gx) return;
        std::fill(gx, gx + tiles.count() * size_in(), vec{});
        x += tiles.first * size_in();
        for (int plane = 0; plane < tiles.count() * step.channels; ++plane)
            for (int i = 0; i < step.height; ++i)
                for (int j = 0; j < step.width; ++j, ++gy) {
                    const Window seen = window(plane, i, j);
                    if (step.kind == MAX_POOL)
                        give_to_first(seen, x + seen.start, *gy, gx + seen.start);
                    else
                        seen.each([&](int n) { gx[seen.start + n] += *gy / (float)area(); });
                }
    }

  private:
    // What of a window lies inside the picture.
    struct Window {
        size_t start;
        int rows, columns, row;
        template <class F> void each(F job) const {
            for (int k = 0; k < rows; ++k)
                for (int l = 0; l < columns; ++l) job(k * row + l);
        }
    };
    int area() const { return step.kernel_y * step.kernel_x; } // the padding counts as zeros
    Window window(int plane, int i, int j) const {
        const size_t start = (size_t)plane * step.pixels_in();
        int top = i * step.stride, left = j * step.stride, rows = step.kernel_y, columns = step.kernel_x;
        if (step.padding) {
            const int bottom = std::min(top - step.padding + rows, step.height_in);
            const int right = std::min(left - step.padding + columns, step.width_in);
            top = std::max(top - step.padding, 0), left = std::max(left - step.padding, 0);
            rows = bottom - top, columns = right - left;
        }
        return {start + (size_t)top * step.width_in + left, rows, columns, step.width_in};
    }
    void largest_of_row(const vec *x, int plane, int i, vec *y) const {
        vec broken{}; // 0 as long as all were finite
        for (int j = 0; j < step.width; ++j) {
            const Window seen = window(plane, i, j);
            const vec *at = x + seen.start;
            vec best = *at;
            seen.each([&](int n) { best = larger(best, at[n]), broken += at[n] * 0.0f; });
            y[j] = best;
        }
        if (any_broken(broken))
            for (int j = 0; j < step.width; ++j) y[j] = largest_or_broken(x, window(plane, i, j));
    }
    // What is not a number counts as larger than any, as in torch.
    static vec largest_or_broken(const vec *x, const Window &seen) {
        const vec *at = x + seen.start;
        vec best = *at;
        seen.each([&](int n) { best = choose((at[n] > best) | (at[n] != at[n]), at[n], best); });
        return best;
    }
    void means_of_row(const vec *x, int plane, int i, vec *y) const {
        for (int j = 0; j < step.width; ++j) {
            const Window seen = window(plane, i, j);
            const vec *at = x + seen.start;
            vec sum{};
            for (int k = 0; k < seen.rows; ++k) { // row by row: many small sums lose less than a long one
                vec row{};
                for (int l = 0; l < seen.columns; ++l) row += at[k * step.width_in + l];
                sum += row;
            }
            y[j] = sum / (float)area();
        }
    }
    // The first of equal ones takes all, as in torch; what is not a number goes to the first.
    static void give_to_first(const Window &seen, const vec *at, vec left, vec *back) {
        vec best = *at;
        seen.each([&](int n) { best = larger(at[n], best); });
        seen.each([&](int n) {
            const ivec here = at[n] == best;
            back[n] += only(here, left), left = only(~here, left);
        });
        if (any_broken(left)) back[0] += left;
    }
};

class Dropout : public Layer {
  public:
    Dropout(const Step &step, Shared &shared, int index) : Layer(step, shared), index_(index) {}
    void forward(Span tiles, const vec *x, vec *y) override {
        drop(tiles, x + tiles.first * size(), y + tiles.first * size());
    }
    void backward(Span tiles, const vec *, vec *gy, vec *gx) override {
        if (gx) drop(tiles, gy, gx);
    }

  private:
    // The same numbers forward and backward: a function of seed, layer, tile and channel.
    void drop(Span tiles, const vec *x, vec *y) {
        const float keep = shared.batch.training ? 1 / (1 - step.rate) : 1;
        const uint32_t level = shared.batch.training ? (uint32_t)(step.rate * 4294967296.0) : 0;
        for (int tile = tiles.first; tile < tiles.end; ++tile)
            for (int c = 0; c < step.channels; ++c, x += step.pixels(), y += step.pixels()) {
                uvec state = start(tile, c);
                for (int p = 0; p < step.pixels(); ++p) {
                    if (p == 0 || step.kind == DROPOUT) state ^= state << 13, state ^= state >> 17, state ^= state << 5;
                    // `state` is never 0: one is taken off to be uniform from 0 on.
                    y[p] = x[p] * choose((ivec)(state - 1 >= level), all(keep), vec{});
                }
            }
    }
    uvec start(int tile, int channel) const {
        const uint64_t place = ((uint64_t)index_ << 40) + ((uint64_t)tile << 20) + channel;
        uint64_t key = mixed(shared.batch.seed + mixed(place));
        uvec state;
        for (int lane = 0; lane < LANES; ++lane) state[lane] = (uint32_t)(mixed(key += GOLDEN) >> 16) | 1;
        return state;
    }
    static constexpr uint64_t GOLDEN = 0x9e3779b97f4a7c15ull;
    static uint64_t mixed(uint64_t z) { // the end of splitmix64 (Steele, Lea and Flood, 2014)
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }
    const int index_;
};

// The sum of two buffers; the network hands its gradient on to both.
class Sum : public Layer {
  public:
    using Layer::Layer;
    void add_up(Span tiles, const vec *a, const vec *b, vec *y) const {
        for (size_t n = tiles.first * size(); n < tiles.end * size(); ++n) y[n] = a[n] + b[n];
    }
    void forward(Span, const vec *, vec *) override {}
    void backward(Span, const vec *, vec *, vec *) override {}
};

// The channels of one branch, in their place among those of all.
class Join : public Layer {
  public:
    using Layer::Layer;
    void forward(Span tiles, const vec *x, vec *y) override {
        for (int tile = tiles.first; tile < tiles.end; ++tile)
            std::copy_n(x + tile * size_in(), size_in(), y + tile * size() + first());
    }
    void backward(Span tiles, const vec *, vec *gy, vec *gx) override {
        for (int tile = 0; gx && tile < tiles.count(); ++tile)
            std::copy_n(gy + tile * size() + first(), size_in(), gx + tile * size_in());
    }

  private:
    size_t first() const { return (size_t)step.place * step.pixels(); }
};

// Each picture by itself, a lane each: groups of channels over their pixels (Wu and He 2018). One group is layer
// normalisation.
class GroupNorm : public Layer {
  public:
    GroupNorm(const Step &step, Shared &shared)
        : Layer(step, shared), means_((size_t)shared.tiles * step.groups), inverses_((size_t)shared.tiles * step.groups) {}

    void forward(Span tiles, const vec *x, vec *y) override {
        const float *scales = shared.parameters[step.weights], *shifts = shared.parameters[step.weights + 1];
        for (int tile = tiles.first; tile < tiles.end; ++tile)
            for (int group = 0; group < step.groups; ++group) {
                const size_t start = tile * size() + first(group) * step.pixels();
                const vec *z = x + start;
                const float count = (float)values();
                const vec mean = sum([&](size_t n) { return z[n]; }) / count;
                const vec variance = sum([&](size_t n) { return (z[n] - mean) * (z[n] - mean); }) / count;
                vec inverse;
                for (int lane = 0; lane < LANES; ++lane) inverse[lane] = 1 / std::sqrt(variance[lane] + step.epsilon);
                means_[tile * step.groups + group] = mean, inverses_[tile * step.groups + group] = inverse;
                vec *to = y + start;
                for (int c = first(group); c < first(group + 1); ++c, z += step.pixels(), to += step.pixels()) {
                    const vec scale = inverse * scales[c], shift = all(shifts[c]);
                    for (int p = 0; p < step.pixels(); ++p) to[p] = (z[p] - mean) * scale + shift;
                }
            }
    }

    void backward(Span tiles, const vec *x, vec *gy, vec *gx) override {
        const float *scales = shared.parameters[step.weights];
        float *by_scale = shared.gradient(tiles.part, step.weights);
        float *by_shift = shared.gradient(tiles.part, step.weights + 1);
        for (int tile = tiles.first; tile < tiles.end; ++tile)
            for (int group = 0; group < step.groups; ++group) {
                const size_t place = first(group) * step.pixels(), here = (tile - tiles.first) * size() + place;
                const vec *z = x + tile * size() + place, *g = gy + here;
                const vec mean = means_[tile * step.groups + group], inverse = inverses_[tile * step.groups + group];
                // dx = 1/σ·(γdy − mean(γdy) − x̂·mean(γdy·x̂))
                vec level{}, slope{};
                for (int c = first(group), n = 0; c < first(group + 1); ++c) {
                    vec s{}, q{};
                    for (int p = 0; p < step.pixels(); ++p, ++n) s += g[n], q += g[n] * ((z[n] - mean) * inverse);
                    by_shift[c] += total(s), by_scale[c] += total(q);
                    level += s * scales[c], slope += q * scales[c];
                }
                if (!gx) continue;
                level /= (float)values(), slope /= (float)values();
                vec *to = gx + here;
                for (int c = first(group), n = 0; c < first(group + 1); ++c)
                    for (int p = 0; p < step.pixels(); ++p, ++n)
                        to[n] = inverse * (scales[c] * g[n] - level - (z[n] - mean) * inverse * slope);
            }
    }

  private:
    int first(int group) const { return step.channels / step.groups * group; }
    size_t values() const { return size() / step.groups; }
    // Over a group's values, some at a time: many short sums lose less than a long one.
    template <class Value> vec sum(const Value &value) const {
        vec all{};
        for (size_t n = 0; n < values();) {
            vec part{};
            for (const size_t end = std::min(n + 32, values()); n < end; ++n) part += value(n);
            all += part;
        }
        return all;
    }
    Buffer<vec> means_, inverses_;
};

} // namespace tersenet
