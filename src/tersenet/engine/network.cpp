// All layers but convolutions, and the network: passes, steps of training, and what Python calls.

#include "engine.h"

namespace tersenet {
namespace {

// ---- batch normalisation, with the activations around it ------------------------------------------------------------

// An activation is v above zero and slope·v below; `back` takes its output's gradient to its input's. What is not a
// number stays so. A slope of 1 is no activation, and costs nothing.
struct Straight {
    vec operator()(vec v) const { return v; }
    vec back(vec, vec g) const { return g; }
};
struct Rectified {
    vec operator()(vec v) const { return choose(v <= 0, vec{}, v); }
    vec back(vec v, vec g) const { return choose(v <= 0, vec{}, g); }
};
struct Bent {
    float slope;
    vec operator()(vec v) const { return choose(v > 0, v, v * slope); }
    vec back(vec v, vec g) const { return choose(v > 0, g, g * slope); }
};
template <class Job> void with_slope(float slope, const Job &job) {
    slope == 1 ? job(Straight()) : slope == 0 ? job(Rectified()) : job(Bent{slope});
}

// Sums are of distances from a value near the mean (the mean of a worker's first tile), so that nothing is lost where
// the mean is large beside the deviation: Var = E[(x − k)²] − (E[x] − k)² for any k.
class BatchNorm : public Layer {
  public:
    BatchNorm(const Step &step, Shared &shared)
        : Layer(step, shared), sums_((size_t)shared.workers.count() * step.channels),
          back_((size_t)shared.workers.count() * step.channels), pivots_((size_t)shared.workers.count() * step.channels),
          scale_(step.channels), shift_(step.channels), mean_(step.channels), rest_(step.channels),
          inverse_(step.channels) {}

    void prepare(int worker) override {
        for (int c = 0; c < step.channels; ++c) at(sums_, worker, c) = at(back_, worker, c) = {};
    }

    // Before the workers meet: the sums of what is given. After it, by one of them: the statistics.
    void observe(int worker, Span tiles, const vec *x) {
        with_slope(step.before, [&](auto before) { observe(worker, tiles, x, before); });
    }
    void settle() { shared.batch.training ? measure() : recall(); }

    void forward(int, Span tiles, const vec *x, vec *y) override {
        with_slope(step.before, [&](auto before) {
            with_slope(step.rate, [&](auto after) { apply(tiles, x, y, before, after); });
        });
    }

    // Before the workers meet: through the activation after it, and the sums of dy and of dy·(v − mean).
    void weigh(int worker, Span tiles, const vec *x, vec *gy) {
        with_slope(step.before, [&](auto before) {
            with_slope(step.rate, [&](auto after) { weigh(worker, tiles, x, gy, before, after); });
        });
    }

    void backward(int, Span tiles, const vec *x, vec *gy, vec *gx) override {
        if (gx) with_slope(step.before, [&](auto before) { give_back(tiles, x, gy, gx, before); });
    }

    void finish(int worker) override {
        if (worker) return;
        for (int c = 0; c < step.channels; ++c) {
            const Sums sums = summed_back(c);
            shared.gradient(0, step.weights)[c] = (float)(sums.second * inverse_[c]);
            shared.gradient(0, step.weights + 1)[c] = (float)sums.first;
        }
    }

  private:
    template <class Before> void observe(int worker, Span tiles, const vec *x, Before before) {
        for (int tile = tiles.first; tile < tiles.end; ++tile) {
            const ivec held = shared.held(tile);
            const vec *z = x + tile * size();
            for (int c = 0; c < step.channels; ++c, z += step.pixels()) {
                float &pivot = pivots_[(size_t)worker * step.channels + c];
                if (tile == shared.first_tile(worker)) {
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
                at(sums_, worker, c).first += total(only(held, s));
                at(sums_, worker, c).second += total(only(held, q));
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
    void weigh(int worker, Span tiles, const vec *x, vec *gy, Before before, After after) {
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
                at(back_, worker, c).first += total(only(held, s));
                at(back_, worker, c).second += total(only(held, q));
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
    Sums &at(const Buffer<Sums> &sums, int worker, int channel) const {
        return sums[(size_t)worker * step.channels + channel];
    }
    // Of dy and of dy·(v − mean), the mean to double precision.
    Sums summed_back(int channel) const {
        Sums all{};
        for (int w = 0; w < shared.workers.count(); ++w)
            all.first += at(back_, w, channel).first, all.second += at(back_, w, channel).second;
        all.second -= rest_[channel] * all.first;
        return all;
    }

    // The workers' means and sums of squares are put together one after another (Chan, Golub and LeVeque, 1979).
    void measure() {
        float *running_mean = shared.buffers[step.buffers], *running_variance = shared.buffers[step.buffers + 1];
        for (int c = 0; c < step.channels; ++c) {
            double count = 0, mean = 0, squares = 0; // squares: of the distances from the mean
            for (int w = 0; w < shared.workers.count(); ++w) {
                const double own = (double)shared.images(w) * step.pixels();
                if (own == 0) continue;
                const Sums &sums = at(sums_, w, c);
                const double away = pivots_[(size_t)w * step.channels + c] + sums.first / own - mean;
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

// ---- the small ones -------------------------------------------------------------------------------------------------

class Activation : public Layer {
  public:
    using Layer::Layer;
    void forward(int, Span tiles, const vec *x, vec *y) override {
        with_slope(step.rate, [&](auto bent) {
            for (size_t n = tiles.first * size(); n < tiles.end * size(); ++n) y[n] = bent(x[n]);
        });
    }
    void backward(int, Span tiles, const vec *x, vec *gy, vec *gx) override {
        x += tiles.first * size();
        with_slope(step.rate, [&](auto bent) {
            for (size_t n = 0; gx && n < (tiles.end - tiles.first) * size(); ++n) gx[n] = bent.back(x[n], gy[n]);
        });
    }
};

class Pool : public Layer {
  public:
    using Layer::Layer;
    void forward(int, Span tiles, const vec *x, vec *y) override {
        y += tiles.first * size();
        for (int plane = tiles.first * step.channels; plane < tiles.end * step.channels; ++plane)
            for (int i = 0; i < step.height; ++i, y += step.width)
                step.kind == MAX_POOL ? largest_of_row(x, plane, i, y) : means_of_row(x, plane, i, y);
    }
    void backward(int, Span tiles, const vec *x, vec *gy, vec *gx) override {
        if (!gx) return;
        std::fill(gx, gx + (tiles.end - tiles.first) * size_in(), vec{});
        x += tiles.first * size_in();
        for (int plane = 0; plane < (tiles.end - tiles.first) * step.channels; ++plane)
            for (int i = 0; i < step.height; ++i)
                for (int j = 0; j < step.width; ++j, ++gy) {
                    const vec *at = x + window(plane, i, j);
                    vec *back = gx + window(plane, i, j);
                    if (step.kind == MAX_POOL)
                        give_to_first(at, *gy, back);
                    else
                        each([&](int n) { back[n] += *gy / (float)area(); });
                }
    }

  private:
    int area() const { return step.kernel_y * step.kernel_x; }
    size_t window(int plane, int i, int j) const {
        return (size_t)plane * step.pixels_in() + (size_t)i * step.stride * step.width_in + (size_t)j * step.stride;
    }
    template <class F> void each(F job) const {
        for (int k = 0; k < step.kernel_y; ++k)
            for (int l = 0; l < step.kernel_x; ++l) job(k * step.width_in + l);
    }
    void largest_of_row(const vec *x, int plane, int i, vec *y) const {
        vec broken{}; // 0 as long as all were finite
        for (int j = 0; j < step.width; ++j) {
            const vec *at = x + window(plane, i, j);
            vec best = *at;
            each([&](int n) { best = larger(best, at[n]), broken += at[n] * 0.0f; });
            y[j] = best;
        }
        if (any_broken(broken))
            for (int j = 0; j < step.width; ++j) y[j] = largest_or_broken(x + window(plane, i, j));
    }
    // What is not a number counts as larger than any, as in torch.
    vec largest_or_broken(const vec *at) const {
        vec best = *at;
        each([&](int n) { best = choose((at[n] > best) | (at[n] != at[n]), at[n], best); });
        return best;
    }
    void means_of_row(const vec *x, int plane, int i, vec *y) const {
        for (int j = 0; j < step.width; ++j) {
            const vec *at = x + window(plane, i, j);
            vec sum{};
            for (int k = 0; k < step.kernel_y; ++k) { // row by row: many small sums lose less than a long one
                vec row{};
                for (int l = 0; l < step.kernel_x; ++l) row += at[k * step.width_in + l];
                sum += row;
            }
            y[j] = sum / (float)area();
        }
    }
    // The first of equal ones takes all, as in torch; what is not a number goes to the first.
    void give_to_first(const vec *at, vec left, vec *back) const {
        vec best = *at;
        each([&](int n) { best = larger(at[n], best); });
        each([&](int n) {
            const ivec here = at[n] == best;
            back[n] += only(here, left), left = only(~here, left);
        });
        if (any_broken(left)) back[0] += left;
    }
};

class Dropout : public Layer {
  public:
    Dropout(const Step &step, Shared &shared, int index) : Layer(step, shared), index_(index) {}
    void forward(int, Span tiles, const vec *x, vec *y) override {
        drop(tiles, x + tiles.first * size(), y + tiles.first * size());
    }
    void backward(int, Span tiles, const vec *, vec *gy, vec *gx) override {
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

// ---- pictures: chosen, moved and normalised --------------------------------------------------------------------------

ivec looked_up(const uint32_t *table, ivec index) {
    ivec found;
    for (int lane = 0; lane < LANES; ++lane) found[lane] = (int32_t)table[index[lane]];
    return found;
}

// Bilinear, with 0 outside, from the place that the map [2][3] names in pixels from the centre: as grid_sample does.
// `table` holds, for each pixel of the picture in a border, the four bytes of it and its neighbours right and below.
void warp(const uint8_t *picture, const float *map, int height, int width, float scale, float offset, bool edges,
          std::vector<uint8_t> &bordered, std::vector<uint32_t> &table, float *to) {
    const int row = width + 3;
    bordered.assign((size_t)(height + 4) * row, 0);
    table.resize((size_t)(height + 2) * row);
    for (int i = 0; i < height; ++i) std::memcpy(&bordered[(i + 1) * row + 1], picture + i * width, width);
    if (edges) { // beyond the picture its nearest pixel goes on
        for (int i = 1; i <= height; ++i) {
            uint8_t *line = &bordered[i * row];
            line[0] = line[1], line[width + 1] = line[width + 2] = line[width];
        }
        std::memcpy(&bordered[0], &bordered[row], row);
        for (int i = height + 1; i < height + 4; ++i) std::memcpy(&bordered[i * row], &bordered[height * row], row);
    }
    const uint8_t *upper = bordered.data(), *lower = upper + row;
    for (size_t n = 0; n < table.size(); ++n)
        table[n] = upper[n] | upper[n + 1] << 8 | lower[n] << 16 | (uint32_t)lower[n + 1] << 24;

    const float middle_x = (width - 1) / 2.0f, middle_y = (height - 1) / 2.0f;
    const vec right_edge = all((float)(width + 1)), bottom_edge = all((float)(height + 1)), zero{};
    vec lanes;
    for (int lane = 0; lane < LANES; ++lane) lanes[lane] = lane;
    for (int i = 0; i < height; ++i, to += width) {
        const float y = i - middle_y;
        const float from_x = map[1] * y + map[2] + middle_x + 1, from_y = map[4] * y + map[5] + middle_y + 1;
        for (int j = 0; j < width; j += LANES) {
            const vec x = lanes + (j - middle_x);
            vec u = map[0] * x + from_x, v = map[3] * x + from_y;
            u = choose(u > 0, u, zero), u = choose(u < right_edge, u, right_edge);
            v = choose(v > 0, v, zero), v = choose(v < bottom_edge, v, bottom_edge);
            const ivec left = __builtin_convertvector(u, ivec), top = __builtin_convertvector(v, ivec);
            const vec right_part = u - __builtin_convertvector(left, vec);
            const vec lower_part = v - __builtin_convertvector(top, vec);
            const uvec four = (uvec)looked_up(table.data(), top * row + left);
            const auto byte = [&](int n) { return __builtin_convertvector((ivec)(four >> (8 * n) & 255), vec); };
            const vec above = byte(0) + right_part * (byte(1) - byte(0));
            const vec below = byte(2) + right_part * (byte(3) - byte(2));
            const vec moved = (above + lower_part * (below - above)) * scale + offset;
            std::memcpy(to + j, &moved, sizeof(float) * std::min(LANES, width - j));
        }
    }
}

// ---- the network ----------------------------------------------------------------------------------------------------

class Network {
  public:
    Network(const Step *steps, int count, int most_images, int workers, bool bfloat16, float *const *parameters,
            const int64_t *sizes, int parameter_count, float *const *buffers, int buffer_count)
        : workers_(workers), parameters_(parameters, parameters + parameter_count),
          buffers_(buffers, buffers + buffer_count), steps_(steps, steps + count),
          shared_{workers_, parameters_, buffers_, {}, 0, up_to_multiple(most_images, LANES) / LANES, Buffer<float>(), {}} {
        for (int i = 0; i < parameter_count; ++i) shared_.offsets.push_back(shared_.size), shared_.size += sizes[i];
        shared_.partial = Buffer<float>(shared_.size * workers);
        size_t largest = 0;
        for (int i = 0; i < count; ++i) {
            const Step &s = steps_[i];
            if (i == 0) activations_.emplace_back((size_t)shared_.tiles * s.channels_in * s.pixels_in());
            activations_.emplace_back((size_t)shared_.tiles * s.channels * s.pixels());
            largest = std::max(largest, std::max((size_t)s.channels_in * s.pixels_in(), (size_t)s.channels * s.pixels()));
            layers_.push_back(make(s, i, bfloat16));
        }
        for (int worker = 0; worker < 2 * workers; ++worker) scratch_.emplace_back(2 * largest);
        for (int i = 0; i < count; ++i) // whatever is given to a batch normalisation waits for the whole batch
            given_.emplace_back(norm(i) || i + 1 == count ? (size_t)shared_.tiles * steps_[i].channels * steps_[i].pixels() : 0);
    }

    void forward(const float *images, int count, bool training, uint64_t seed, float *logits) {
        begin(count, training, seed);
        workers_.run([&](int worker) {
            answer(worker, images);
            const int size = outputs();
            for (int n = first_image(worker); n < end_image(worker); ++n)
                for (int k = 0; k < size; ++k) logits[(size_t)n * size + k] = logit(n, k);
        });
    }

    void backward(const float *logit_gradients, float *gradients) {
        workers_.run([&](int worker) {
            move_in(worker, logit_gradients, outputs(), given_.back().get());
            differentiate(worker);
            each_weight(worker, [&](int parameter, size_t n, float gradient) {
                gradients[shared_.offsets[parameter] + n] = gradient;
            });
        });
    }

    // A whole step of training: nothing is changed where the loss is not finite.
    Outcome step(const float *images, const int64_t *labels, int count, uint64_t seed, const Update &update) {
        if (std::any_of(labels, labels + count, [&](int64_t label) { return label < 0 || label >= outputs(); }))
            return {0, -1};
        begin(count, true, seed);
        std::vector<Outcome> outcomes(workers_.count());
        Outcome sum{};
        workers_.run([&](int worker) {
            answer(worker, images);
            outcomes[worker] = judge(worker, labels, update.label_smoothing);
            workers_.meet();
            Outcome all{};
            for (const Outcome &one : outcomes) all.loss += one.loss, all.correct += one.correct;
            if (worker == 0) sum = all;
            if (!std::isfinite(all.loss)) return;
            differentiate(worker);
            descend(worker, update);
        });
        sum.loss /= count;
        return sum;
    }

  private:
    int first_image(int worker) const { return std::min(shared_.batch.images, shared_.first_tile(worker) * LANES); }
    int end_image(int worker) const { return first_image(worker + 1); }

    int outputs() const { return steps_.back().channels * steps_.back().pixels(); }
    float &logit(int n, int k) { return ((float *)&activations_.back()[(size_t)(n / LANES) * outputs() + k])[n % LANES]; }

    void begin(int count, bool training, uint64_t seed) {
        shared_.batch = {count, up_to_multiple(count, LANES) / LANES, training, seed};
    }

    BatchNorm *norm(size_t layer) const {
        return layer < layers_.size() ? dynamic_cast<BatchNorm *>(layers_[layer].get()) : nullptr;
    }
    // The first layer after `layer` that is batch normalisation, or the number of layers.
    size_t next_norm(size_t layer) const {
        do ++layer;
        while (layer < layers_.size() && !norm(layer));
        return layer;
    }
    template <class F> void each_span(int worker, F job) const {
        for (int tile = shared_.first_tile(worker); tile < shared_.end_tile(worker); tile += 2)
            job(Span{tile, std::min(tile + 2, shared_.end_tile(worker))});
    }

    void answer(int worker, const float *images) {
        for (auto &layer : layers_) layer->prepare(worker);
        move_in(worker, images, steps_.front().channels_in * steps_.front().pixels_in(), activations_.front().get());
        workers_.meet();
        BatchNorm *before = norm(0); // normalises what it is given itself
        if (before && shared_.batch.training)
            each_span(worker, [&](Span tiles) { before->observe(worker, tiles, activations_[0].get()); });
        for (size_t first = 0, end; first < layers_.size(); first = end) {
            if (BatchNorm *own = norm(first)) {
                workers_.meet();
                if (worker == 0) own->settle();
                workers_.meet();
            }
            end = next_norm(first);
            BatchNorm *next = shared_.batch.training ? norm(end) : nullptr;
            each_span(worker, [&](Span tiles) {
                for (size_t i = first; i < end; ++i)
                    layers_[i]->forward(worker, tiles, activations_[i].get(), activations_[i + 1].get());
                if (next) next->observe(worker, tiles, activations_[end].get());
            });
        }
    }

    // Softmax cross-entropy of a worker's pictures, and its gradient (p − target)/N, which goes where backward begins.
    Outcome judge(int worker, const int64_t *labels, float smoothing) {
        const int size = outputs();
        Outcome outcome{};
        float *gradients = (float *)given_.back().get();
        for (int tile = shared_.first_tile(worker); tile < shared_.end_tile(worker); ++tile)
            for (int lane = 0; lane < LANES; ++lane) {
                const int n = tile * LANES + lane;
                float *g = gradients + (size_t)tile * size * LANES + lane;
                if (n >= shared_.batch.images) {
                    for (int k = 0; k < size; ++k) g[k * LANES] = 0;
                    continue;
                }
                int guess = 0;
                for (int k = 1; k < size; ++k)
                    if (logit(n, k) > logit(n, guess)) guess = k;
                double sum = 0, level = 0; // of exp(z − largest), of z
                for (int k = 0; k < size; ++k) sum += std::exp(logit(n, k) - logit(n, guess)), level += logit(n, k);
                const double log_sum = std::log(sum) + logit(n, guess);
                outcome.loss += log_sum - (1 - smoothing) * logit(n, labels[n]) - smoothing * level / size;
                outcome.correct += guess == labels[n];
                for (int k = 0; k < size; ++k) {
                    const float target = smoothing / size + (k == labels[n] ? 1 - smoothing : 0);
                    g[k * LANES] = ((float)std::exp(logit(n, k) - log_sum) - target) / shared_.batch.images;
                }
            }
        return outcome;
    }

    // From the gradient of the logits to those of the worker's share of the weights.
    void differentiate(int worker) {
        std::fill_n(&shared_.partial[worker * shared_.size], shared_.size, 0.0f);
        for (size_t end = layers_.size(), first; end > 0; end = first) {
            for (first = end - 1; first > 0 && !norm(first);) --first;
            each_span(worker, [&](Span tiles) { return_through(worker, tiles, first, end); });
            if (norm(first)) workers_.meet();
        }
        for (auto &layer : layers_) layer->finish(worker);
        workers_.meet();
    }

    // Two tiles from the output of layer end − 1 back to that of `first`, which is batch normalisation or the beginning.
    void return_through(int worker, Span tiles, size_t first, size_t end) {
        vec *one = scratch_[2 * worker].get(), *other = scratch_[2 * worker + 1].get();
        const auto waiting = [&](size_t i) { return given_[i].get() + (size_t)tiles.first * activation_size(i + 1); };
        const auto target = [&](size_t i) { return norm(first) && i == first ? waiting(i) : one; };
        vec *now = waiting(layers_.size() - 1);
        if (end < layers_.size()) {
            now = target(end - 1);
            layers_[end]->backward(worker, tiles, activations_[end].get(), waiting(end), now);
        }
        for (size_t i = end - 1; i > first || (i == 0 && !norm(0)); --i) {
            std::swap(one, other);
            vec *found = i ? target(i - 1) : nullptr;
            layers_[i]->backward(worker, tiles, activations_[i].get(), now, found);
            now = found;
            if (i == 0) return;
        }
        if (norm(first)) norm(first)->weigh(worker, tiles, activations_[first].get(), now);
    }
    size_t activation_size(size_t i) const {
        const Step &step = steps_[i ? i - 1 : 0];
        return i ? (size_t)step.channels * step.pixels() : (size_t)step.channels_in * step.pixels_in();
    }

    // job(parameter, n, gradient) for a worker's share of all weights; the workers' parts are added up in their order.
    template <class F> void each_weight(int worker, F job) {
        const size_t share = (shared_.size + workers_.count() - 1) / workers_.count();
        const size_t first = worker * share, end = std::min(shared_.size, first + share);
        for (size_t p = 0; p < shared_.offsets.size(); ++p) {
            const size_t from = shared_.offsets[p], to = p + 1 < shared_.offsets.size() ? shared_.offsets[p + 1] : shared_.size;
            for (size_t n = std::max(from, first); n < std::min(to, end); ++n) {
                float sum = shared_.partial[n];
                for (int w = 1; w < workers_.count(); ++w) sum += shared_.partial[w * shared_.size + n];
                job((int)p, n - from, sum);
            }
        }
    }

    // Stochastic gradient descent as torch.optim.SGD does it, and the moving average of weights and statistics.
    void descend(int worker, const Update &update) {
        each_weight(worker, [&](int p, size_t n, float gradient) {
            float &weight = parameters_[p][n], &velocity = update.velocities[p][n];
            const float d = gradient + update.decays[p] * weight;
            velocity = update.momentum * velocity + d;
            weight -= update.learning_rate * (update.nesterov ? d + update.momentum * velocity : velocity);
            if (update.averages) update.averages[p][n] += update.averaging * (weight - update.averages[p][n]);
        });
        if (!update.averages || worker) return;
        for (const Step &step : steps_)
            for (int i = 0; step.kind == BATCH_NORM && i < 2; ++i)
                for (int c = 0; c < step.channels; ++c) {
                    float &average = update.statistics[step.buffers + i][c];
                    average += update.averaging * (buffers_[step.buffers + i][c] - average);
                }
    }

    // Rows of pictures become lanes; lanes without a picture are zero.
    void move_in(int worker, const float *rows, int size, vec *to) {
        for (int tile = shared_.first_tile(worker); tile < shared_.end_tile(worker); ++tile) {
            float *lanes = (float *)(to + (size_t)tile * size);
            for (int lane = 0; lane < LANES; ++lane) {
                const int n = tile * LANES + lane;
                const float *row = rows + (size_t)n * size;
                for (int i = 0; i < size; ++i) lanes[i * LANES + lane] = n < shared_.batch.images ? row[i] : 0;
            }
        }
    }

    std::unique_ptr<Layer> make(const Step &s, int index, bool bfloat16) {
        switch (s.kind) {
        case CONVOLUTION: return make_convolution(s, shared_, index == 0, bfloat16);
        case BATCH_NORM: return std::make_unique<BatchNorm>(s, shared_);
        case ACTIVATION: return std::make_unique<Activation>(s, shared_);
        case MAX_POOL:
        case AVERAGE_POOL: return std::make_unique<Pool>(s, shared_);
        default: return std::make_unique<Dropout>(s, shared_, index);
        }
    }

    Workers workers_;
    const std::vector<float *> parameters_, buffers_;
    const std::vector<Step> steps_;
    Shared shared_;
    std::vector<Buffer<vec>> activations_;
    std::vector<Buffer<vec>> given_;   // gradients of all tiles: of the logits, and of what batch normalisation gave
    std::vector<Buffer<vec>> scratch_; // two a worker: gradients of a few tiles between two layers
    std::vector<std::unique_ptr<Layer>> layers_;
};

} // namespace
} // namespace tersenet

extern "C" {

using namespace tersenet;

void tersenet_abi(int64_t *found) {
    const int64_t all[] = {VERSION, sizeof(Step), sizeof(Update), sizeof(Outcome)};
    std::copy(std::begin(all), std::end(all), found);
}
int tersenet_bfloat16() {
#if defined(__AVX512BF16__)
    return 1;
#else
    return 0;
#endif
}

void *tersenet_create(const void *steps, int count, int most_images, int workers, int bfloat16,
                      float *const *parameters, const int64_t *sizes, int parameter_count, float *const *buffers,
                      int buffer_count) {
    try {
        return new Network(static_cast<const Step *>(steps), count, most_images, workers, bfloat16, parameters, sizes,
                           parameter_count, buffers, buffer_count);
    } catch (...) { // no memory, no thread
        return nullptr;
    }
}
void tersenet_forward(void *network, const float *images, int count, int training, uint64_t seed, float *logits) {
    static_cast<Network *>(network)->forward(images, count, training, seed, logits);
}
void tersenet_backward(void *network, const float *logit_gradients, float *gradients) {
    static_cast<Network *>(network)->backward(logit_gradients, gradients);
}
void tersenet_step(void *network, const float *images, const int64_t *labels, int count, uint64_t seed,
                   const void *update, void *outcome) {
    *static_cast<Outcome *>(outcome) =
        static_cast<Network *>(network)->step(images, labels, count, seed, *static_cast<const Update *>(update));
}
// Whether all pictures were moved; not where there is no memory for it.
int tersenet_warp(const uint8_t *pictures, const float *maps, int count, int channels, int height, int width,
                  const float *scales, const float *offsets, int edges, int workers, float *to) {
    const size_t size = (size_t)height * width;
    std::atomic<bool> whole{true};
    const auto share = [&](int worker) {
        try {
            std::vector<uint8_t> bordered;
            std::vector<uint32_t> table;
            for (int n = (int)((int64_t)count * worker / workers); n < (int64_t)count * (worker + 1) / workers; ++n)
                for (int c = 0; c < channels; ++c) { // each channel is moved alike
                    const size_t plane = ((size_t)n * channels + c) * size;
                    warp(pictures + plane, maps + 6 * n, height, width, scales[c], offsets[c], edges != 0, bordered, table,
                         to + plane);
                }
        } catch (...) {
            whole = false;
        }
    };
    std::vector<std::thread> threads;
    int begun = 1;
    try {
        for (; begun < workers; ++begun) threads.emplace_back(share, begun);
    } catch (...) { // no more threads: what is left is done here
    }
    share(0);
    for (; begun < workers; ++begun) share(begun);
    for (auto &thread : threads) thread.join();
    return whole;
}
void tersenet_destroy(void *network) { delete static_cast<Network *>(network); }
}
