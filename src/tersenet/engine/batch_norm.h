// Batch normalisation, with the activations around it.

#pragma once

#include "activations.h"

namespace tersenet {

// Sums are of distances from a value near the mean (the mean of a part's first tile), so that nothing is lost where
// the mean is large beside the deviation: Var = E[(x − k)²] − (E[x] − k)² for any k.
class BatchNorm : public Layer {
  public:
    BatchNorm(const Step &step, Shared &shared)
        : Layer(step, shared), sums_((size_t)MOST_PARTS * step.channels), back_((size_t)MOST_PARTS * step.channels),
          pivots_((size_t)MOST_PARTS * step.channels),
          scale_(step.channels), shift_(step.channels), mean_(step.channels), rest_(step.channels),
          inverse_(step.channels) {}

    void begin(int part) override {
        for (int c = 0; c < step.channels; ++c) at(sums_, part, c) = at(back_, part, c) = {};
    }

    // The sums of what is given; when all parts have theirs, the statistics.
    void observe(Span tiles, const vec *x) {
        with_slope(step.before, [&](auto before) { observe(tiles, x, before); });
    }
    void settle() { shared.batch.training ? measure() : recall(); }

    void forward(Span tiles, const vec *x, vec *y) override {
        with_slope(step.before, [&](auto before) {
            with_slope(step.rate, [&](auto after) { apply(tiles, x, y, before, after); });
        });
    }

    // Back through the activation after it, and the sums of dy and of dy·(v − mean). When all parts have theirs:
    // `backward`, and the gradients of its weights.
    void weigh(Span tiles, const vec *x, vec *gy) {
        with_slope(step.before, [&](auto before) {
            with_slope(step.rate, [&](auto after) { weigh(tiles, x, gy, before, after); });
        });
    }

    void backward(Span tiles, const vec *x, vec *gy, vec *gx) override {
        if (gx) with_slope(step.before, [&](auto before) { give_back(tiles, x, gy, gx, before); });
    }

    int late_jobs() const override { return 1; }
    void late(int) override {
        for (int c = 0; c < step.channels; ++c) {
            const Sums sums = summed_back(c);
            shared.whole_gradient(step.weights)[c] += (float)(sums.second * inverse_[c]);
            shared.whole_gradient(step.weights + 1)[c] += (float)sums.first;
        }
    }
    bool by_part(int) const override { return false; }

  private:
    template <class Before> void observe(Span tiles, const vec *x, Before before) {
        for (int tile = tiles.first; tile < tiles.end; ++tile) {
            const ivec held = shared.held(tile);
            const vec *z = x + tile * size();
            for (int c = 0; c < step.channels; ++c, z += step.pixels()) {
                float &pivot = pivots_[(size_t)tiles.part * step.channels + c];
                if (tile == shared.batch.first_tile(tiles.part)) {
                    vec s{};
                    int seen = 0; // some of its pixels do
                    for (int p = 0; p < step.pixels(); p += 1 + step.pixels() / 64, ++seen) s += before(z[p]);
                    const int pictures = std::min(LANES, shared.batch.images - tile * LANES);
                    pivot = total(only(held, s)) / ((float)pictures * seen);
                }
                const float from = pivot;
                vec s{}, q{};
                by_parts([&](int p, int end) { // as many equal values are rounded the same way, again and again
                    vec s_part{}, q_part{};
                    for (; p < end; ++p) {
                        const vec v = before(z[p]) - from;
                        s_part += v, q_part += v * v;
                    }
                    s += s_part, q += q_part;
                });
                at(sums_, tiles.part, c).first += total(only(held, s));
                at(sums_, tiles.part, c).second += total(only(held, q));
            }
        }
    }
    template <class Before, class After> void apply(Span tiles, const vec *x, vec *y, Before before, After after) {
        for (int tile = tiles.first; tile < tiles.end; ++tile)
            for (int c = 0; c < step.channels; ++c) {
                const size_t start = tile * size() + (size_t)c * step.pixels();
                const vec *z = x + start, mean = all(mean_[c]), scale = all(scale_[c]), shift = all(shift_[c]);
                vec *to = y + start;
                for (int p = 0; p < step.pixels(); ++p) to[p] = after((before(z[p]) - mean) * scale + shift);
            }
    }
    template <class Before, class After>
    void weigh(Span tiles, const vec *x, vec *gy, Before before, After after) {
        for (int tile = tiles.first; tile < tiles.end; ++tile) {
            const ivec held = shared.held(tile);
            for (int c = 0; c < step.channels; ++c) {
                const size_t place = (size_t)c * step.pixels();
                const vec *z = x + tile * size() + place, mean = all(mean_[c]), scale = all(scale_[c]);
                const vec shift = all(shift_[c]);
                vec *g = gy + (tile - tiles.first) * size() + place, s{}, q{};
                by_parts([&](int p, int end) {
                    vec s_part{}, q_part{};
                    for (; p < end; ++p) {
                        const vec v = before(z[p]) - mean;
                        g[p] = after.back(v * scale + shift, g[p]);
                        s_part += g[p], q_part += g[p] * v;
                    }
                    s += s_part, q += q_part;
                });
                at(back_, tiles.part, c).first += total(only(held, s));
                at(back_, tiles.part, c).second += total(only(held, q));
            }
        }
    }
    template <class Before> void give_back(Span tiles, const vec *x, vec *gy, vec *gx, Before before) {
        const double count = (double)shared.batch.images * step.pixels();
        for (int c = 0; c < step.channels; ++c) {
            // dx = γ/σ·(dy − mean(dy) − x̂·mean(dy·x̂))
            const Sums sums = summed_back(c);
            const double slope_exact = sums.second / count * inverse_[c] * inverse_[c];
            const double level = sums.first / count - slope_exact * rest_[c];
            const vec mean = all(mean_[c]), scale = all(scale_[c]), start_at = all((float)(level * scale_[c]));
            const vec slope = all((float)(slope_exact * scale_[c]));
            for (int tile = tiles.first; tile < tiles.end; ++tile) {
                const ivec held = shared.held(tile);
                const size_t place = (size_t)c * step.pixels(), start = (tile - tiles.first) * size() + place;
                const vec *z = x + tile * size() + place, *g = gy + start;
                vec *to = gx + start;
                for (int p = 0; p < step.pixels(); ++p) {
                    const vec d = scale * g[p] - start_at - slope * (before(z[p]) - mean);
                    to[p] = only(held, before.back(z[p], d));
                }
            }
        }
    }

    // A channel's pixels, some at a time: many short sums lose less than a long one.
    template <class Job> void by_parts(const Job &job) const {
        for (int first = 0; first < step.pixels(); first += 32) job(first, std::min(first + 32, step.pixels()));
    }

    struct Sums {
        double first, second;
    };
    Sums &at(const Buffer<Sums> &sums, int part, int channel) const {
        return sums[(size_t)part * step.channels + channel];
    }
    // Of dy and of dy·(v − mean), the mean to double precision.
    Sums summed_back(int channel) const {
        Sums all{};
        for (int part = 0; part < shared.batch.parts(); ++part)
            all.first += at(back_, part, channel).first, all.second += at(back_, part, channel).second;
        all.second -= rest_[channel] * all.first;
        return all;
    }

    // The parts' means and sums of squares are put together one after another (Chan, Golub and LeVeque, 1979).
    void measure() {
        float *running_mean = shared.buffers[step.buffers], *running_variance = shared.buffers[step.buffers + 1];
        for (int c = 0; c < step.channels; ++c) {
            double count = 0, mean = 0, squares = 0; // squares: of the distances from the mean
            for (int part = 0; part < shared.batch.parts(); ++part) {
                const double own = (double)shared.batch.images_of(part) * step.pixels();
                const Sums &sums = at(sums_, part, c);
                const double away = pivots_[(size_t)part * step.channels + c] + sums.first / own - mean;
                squares += sums.second - sums.first * sums.first / own + away * away * count * own / (count + own);
                mean += away * own / (count + own);
                count += own;
            }
            const double variance = squares < 0 ? 0 : squares / count, keep = 1 - (double)step.momentum;
            running_mean[c] = (float)(keep * running_mean[c] + step.momentum * mean);
            running_variance[c] = (float)(keep * running_variance[c] + step.momentum * (variance * count / (count - 1)));
            set(c, mean, variance);
        }
    }
    void recall() {
        for (int c = 0; c < step.channels; ++c)
            set(c, shared.buffers[step.buffers][c], shared.buffers[step.buffers + 1][c]);
    }
    void set(int c, double mean, double variance) {
        mean_[c] = (float)mean, rest_[c] = mean - mean_[c];
        inverse_[c] = (float)(1 / std::sqrt(variance + step.epsilon));
        scale_[c] = shared.parameters[step.weights][c] * inverse_[c];
        shift_[c] = (float)(shared.parameters[step.weights + 1][c] - scale_[c] * rest_[c]);
    }

    Buffer<Sums> sums_, back_;
    Buffer<float> pivots_, scale_, shift_, mean_;
    Buffer<double> rest_; // what the mean is more than its float
    Buffer<float> inverse_;
};

} // namespace tersenet
