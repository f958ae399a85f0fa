// The network: its rows, passes and steps of training, and what Python calls.

#include "batch_norm.h"
#include "descent.h"
#include "layers.h"
#include "planes.h"
#include "warp.h"

namespace tersenet {
namespace {

bool learns(const Step &step) {
    return step.kind == CONVOLUTION || step.kind == BATCH_NORM || step.kind == GROUP_NORM || step.kind == PRELU;
}

// A convolution whose groups are too narrow for products of many channels at once.
bool narrow(const Step &step) { return step.groups > 1 && step.channels_in / step.groups < 3; }

std::unique_ptr<Layer> made(const Step &step, Shared &shared, int index, bool learns_before, bool bfloat16) {
    switch (step.kind) {
    case CONVOLUTION:
        if (narrow(step)) return std::make_unique<Planes>(step, shared);
        return make_convolution(step, shared, learns_before, bfloat16);
    case BATCH_NORM: return std::make_unique<BatchNorm>(step, shared);
    case ACTIVATION: return std::make_unique<Activation>(step, shared);
    case MAX_POOL:
    case AVERAGE_POOL: return std::make_unique<Pool>(step, shared);
    case GROUP_NORM: return std::make_unique<GroupNorm>(step, shared);
    case PRELU: return std::make_unique<PRelu>(step, shared);
    case SUM: return std::make_unique<Sum>(step, shared);
    case JOIN: return std::make_unique<Join>(step, shared);
    default: return std::make_unique<Dropout>(step, shared, index);
    }
}

class Network {
  public:
    Network(const Step *steps, int count, int most_images, int workers, bool bfloat16, float *const *parameters,
            const int64_t *sizes, int parameter_count, float *const *buffers, int buffer_count)
        : workers_(workers), parameters_(parameters, parameters + parameter_count),
          buffers_(buffers, buffers + buffer_count), steps_(steps, steps + count), sizes_(sizes, sizes + parameter_count),
          shared_{workers, parameters_, buffers_, {}, 0, up_to_multiple(most_images, LANES) / LANES, Buffer<float>(),
                  Buffer<float>(), {}} {
        for (int64_t size : sizes_) shared_.offsets.push_back(shared_.size), shared_.size += size;
        shared_.partial = Buffer<float>(shared_.size * MOST_PARTS);
        shared_.whole = Buffer<float>(shared_.size);
        for (int r = 0; r < count; ++r) {
            const Step &s = steps_[r];
            places_.resize(std::max<size_t>(places_.size(), std::max(s.input, s.output) + 1));
            places_[s.input].size = s.size_in(), places_[s.output].size = s.size();
            bool &moves = places_[s.output].learns;
            moves |= learns(s) || places_[s.input].learns || (s.kind == SUM && places_[s.other].learns);
            layers_.push_back(made(s, shared_, r, places_[s.input].learns, bfloat16));
            norms_.push_back(s.kind == BATCH_NORM ? static_cast<BatchNorm *>(layers_.back().get()) : nullptr);
            if (r == 0 || norms_.back()) stages_.push_back(r);
            stage_of_.push_back((int)stages_.size() - 1);
        }
        for (Place &place : places_) place.values = Buffer<vec>(shared_.tiles * place.size);
        arrange_gradients();
        arrange_sums();
    }

    void forward(const float *images, int count, bool training, uint64_t seed, float *logits) {
        begin(count, training, seed);
        answer(images, [&](Span part) {
            const int size = outputs();
            for (int n = shared_.batch.first_image(part.part); n < shared_.batch.end_image(part.part); ++n)
                for (int k = 0; k < size; ++k) logits[(size_t)n * size + k] = logit(n, k);
        });
    }

    void backward(const float *logit_gradients, float *gradients) {
        each_part([&](Span part) {
            move_in(part.part, logit_gradients, outputs(), places_.back().gradients.get());
            go_back(part, (int)stages_.size() - 1);
        });
        differentiate();
        each_share([&](size_t first, size_t end) {
            for (size_t p = 0; p < shared_.offsets.size(); ++p)
                each_of(p, first, end, [&](size_t n) { gradients[shared_.offsets[p] + n] = gradient(p, n); });
        });
    }

    // A whole step of training: no weight is changed where the loss is not finite.
    Outcome step(const float *images, const int64_t *labels, int count, uint64_t seed, const Update &update) {
        for (int n = 0; n < count; ++n)
            if (labels[n] < 0 || labels[n] >= outputs()) return {0, -1};
        begin(count, true, seed);
        Outcome outcomes[MOST_PARTS], sum{};
        answer(images, [&](Span part) {
            outcomes[part.part] = judge(part.part, labels, update.label_smoothing);
            go_back(part, (int)stages_.size() - 1);
        });
        for (int part = 0; part < shared_.batch.parts(); ++part)
            sum.loss += outcomes[part].loss, sum.correct += outcomes[part].correct;
        if (std::isfinite(sum.loss)) {
            differentiate();
            descend(update);
        }
        sum.loss /= count;
        return sum;
    }

  private:
    // A buffer: values of all tiles. Its gradient is kept of all tiles where a batch normalisation stands between
    // those that give and those that take it; else of one span, in a slot that others use before and after.
    struct Place {
        size_t size = 0;
        bool learns = false; // whether something before it does: only then it has a gradient
        int slot = -1;
        Buffer<vec> values, gradients;
    };

    int outputs() const { return (int)places_.back().size; }
    float &logit(int n, int k) {
        return ((float *)&places_.back().values[(size_t)(n / LANES) * outputs() + k])[n % LANES];
    }
    int end_of(int stage) const { return stage + 1 < (int)stages_.size() ? stages_[stage + 1] : (int)steps_.size(); }

    // ---- setting up -------------------------------------------------------------------------------------------------

    // The stage in which a row takes its output's gradient, and that in which it gives its input's.
    int takes_in(int r) const { return stage_of_[r]; }
    int gives_in(int r) const { return stage_of_[r] - (norms_[r] != nullptr); }

    void arrange_gradients() {
        const int rows = (int)steps_.size(), buffers = (int)places_.size();
        std::vector<int> first_taker(buffers, rows); // the row after which, going back, a gradient is done with
        std::vector<bool> kept(buffers, false);
        for (int b = 1; b < buffers; ++b) {
            int stage = -1;
            const auto needed_in = [&](int other) {
                kept[b] = kept[b] || (stage >= 0 && stage != other);
                stage = other;
            };
            for (int r = rows - 1; r >= 0; --r) {
                if (steps_[r].input == b || (steps_[r].kind == SUM && steps_[r].other == b)) needed_in(gives_in(r));
                if (steps_[r].output == b) needed_in(takes_in(r)), first_taker[b] = r, kept[b] = kept[b] || norms_[r];
            }
        }
        kept.back() = true; // the logits' gradient comes from outside
        std::vector<size_t> slots;
        std::vector<bool> used, given(buffers, false);
        given.back() = true;
        for (int r = rows - 1; r >= 0; --r) {
            Hand hand{};
            const auto give = [&](int b) { // whether a gradient is there already
                Place &place = places_[b];
                const bool before = given[b];
                given[b] = true;
                if (!place.learns || before || kept[b]) return before;
                int slot = 0;
                while (slot < (int)used.size() && used[slot]) ++slot;
                if (slot == (int)used.size()) used.push_back(false), slots.push_back(0);
                used[slot] = true, place.slot = slot, slots[slot] = std::max(slots[slot], place.size);
                return before;
            };
            hand.adds = give(steps_[r].input);
            if (steps_[r].kind == SUM) hand.adds_other = give(steps_[r].other);
            hands_.insert(hands_.begin(), hand);
            const int done = steps_[r].output;
            if (first_taker[done] == r && places_[done].slot >= 0) used[places_[done].slot] = false;
            largest_ = std::max(largest_, places_[steps_[r].input].size);
        }
        for (int b = 1; b < buffers; ++b)
            if (kept[b] && places_[b].learns) places_[b].gradients = Buffer<vec>(shared_.tiles * places_[b].size);
        for (size_t size : slots) slot_starts_.push_back(scratch_size_), scratch_size_ += 2 * size;
        for (int worker = 0; worker < shared_.workers; ++worker)
            scratch_.emplace_back(scratch_size_ + 2 * largest_); // slots, and a gradient that is to be added
    }

    // How each parameter's gradient is put together, and which jobs remain when all tiles have gone back.
    void arrange_sums() {
        by_part_.assign(sizes_.size(), false);
        for (size_t r = 0; r < steps_.size(); ++r) {
            if (!learns(steps_[r])) continue;
            const bool two = steps_[r].kind == BATCH_NORM || steps_[r].kind == GROUP_NORM || steps_[r].bias;
            for (int n = 0; n < 1 + two; ++n)
                if (layers_[r]->by_part(n)) by_part_[steps_[r].weights + n] = true;
            for (int job = 0; job < layers_[r]->late_jobs(); ++job) {
                size_t at = 0; // rows that share weights add to the same gradient, one after the other
                while (at < late_.size() && (late_[at].weights != steps_[r].weights || late_[at].job != job)) ++at;
                if (at == late_.size()) late_.push_back({steps_[r].weights, job, {}});
                late_[at].layers.push_back(layers_[r].get());
            }
        }
    }

    // ---- passes -----------------------------------------------------------------------------------------------------

    void begin(int count, bool training, uint64_t seed) {
        shared_.batch = {count, up_to_multiple(count, LANES) / LANES, training, seed};
    }
    template <class F> void each_part(const F &job) {
        workers_.each(shared_.batch.parts(), [&](int worker, int part) {
            job(Span{worker, part, shared_.batch.first_tile(part), shared_.batch.end_tile(part)});
        });
    }
    template <class F> static void each_span(Span part, const F &job) {
        for (int tile = part.first; tile < part.end; tile += 2)
            job(Span{part.worker, part.part, tile, std::min(tile + 2, part.end)});
    }

    // Forward; then last(part) for each part.
    template <class Last> void answer(const float *images, const Last &last) {
        const bool training = shared_.batch.training;
        each_part([&](Span part) {
            for (int r = part.part; r < (int)layers_.size(); r += shared_.batch.parts()) layers_[r]->pack();
            for (auto &layer : layers_) layer->begin(part.part);
            move_in(part.part, images, (int)places_[0].size, places_[0].values.get());
            if (training && norms_[0]) each_span(part, [&](Span tiles) { observe(0, tiles); });
        });
        for (size_t r = 0; !training && r < norms_.size(); ++r)
            if (norms_[r]) norms_[r]->settle();
        const int stages = training ? (int)stages_.size() : 1;
        for (int stage = 0; stage < stages; ++stage) {
            const int first = stages_[stage], end = training ? end_of(stage) : (int)steps_.size();
            if (training && norms_[first]) norms_[first]->settle();
            each_part([&](Span part) {
                each_span(part, [&](Span tiles) {
                    for (int r = first; r < end; ++r) {
                        if (steps_[r].kind == SUM)
                            static_cast<Sum &>(*layers_[r]).add_up(tiles, values(r), places_[steps_[r].other].values.get(), output(r));
                        else
                            layers_[r]->forward(tiles, values(r), output(r));
                    }
                    if (stage + 1 < stages) observe(end, tiles);
                });
                if (stage + 1 == stages) last(part);
            });
        }
    }
    vec *values(int r) const { return places_[steps_[r].input].values.get(); }
    vec *output(int r) const { return places_[steps_[r].output].values.get(); }
    void observe(int r, Span tiles) { norms_[r]->observe(tiles, values(r)); }

    // From the gradient of the logits, which has gone back through the last stage, to those of the weights.
    void differentiate() {
        for (int stage = (int)stages_.size() - 2; stage >= 0; --stage)
            each_part([&](Span part) { go_back(part, stage); });
        std::fill_n(shared_.whole.get(), shared_.size, 0.0f);
        workers_.each((int)late_.size(), [&](int, int n) {
            for (Layer *layer : late_[n].layers) layer->late(late_[n].job);
        });
    }

    // A part back through a stage: from the batch normalisation after it to the one that it begins with.
    void go_back(Span part, int stage) {
        if (stage == (int)stages_.size() - 1) {
            float *partial = &shared_.partial[part.part * shared_.size];
            for (size_t p = 0; p < sizes_.size(); ++p)
                if (by_part_[p]) std::fill_n(partial + shared_.offsets[p], sizes_[p], 0.0f);
        }
        const int first = stages_[stage], end = end_of(stage);
        each_span(part, [&](Span tiles) {
            if (end < (int)steps_.size()) give(end, tiles);
            for (int r = end - 1; r >= first; --r)
                if (!norms_[r]) give(r, tiles);
            if (norms_[first]) norms_[first]->weigh(tiles, values(first), slope(steps_[first].output, tiles));
        });
    }

    // What a row gives back to its inputs, and to its weights.
    void give(int r, Span tiles) {
        const Step &s = steps_[r];
        vec *gy = slope(s.output, tiles), *gx = slope(s.input, tiles);
        if (!gy) return; // nothing up to here learns
        const size_t size = tiles.count() * s.size_in();
        if (s.kind == SUM) {
            pass_on(gy, gx, size, hands_[r].adds);
            pass_on(gy, slope(s.other, tiles), size, hands_[r].adds_other);
        } else if (gx && hands_[r].adds) {
            vec *more = &scratch_[tiles.worker][scratch_size_];
            layers_[r]->backward(tiles, values(r), gy, more);
            pass_on(more, gx, size, true);
        } else {
            layers_[r]->backward(tiles, values(r), gy, gx);
        }
    }
    static void pass_on(const vec *from, vec *to, size_t size, bool adds) {
        for (size_t n = 0; to && n < size; ++n) to[n] = adds ? to[n] + from[n] : from[n];
    }
    // The gradient of a buffer, of these tiles; null where nothing before it learns.
    vec *slope(int buffer, Span tiles) const {
        const Place &place = places_[buffer];
        if (!place.learns) return nullptr;
        if (place.slot >= 0) return &scratch_[tiles.worker][slot_starts_[place.slot]];
        return place.gradients.get() + tiles.first * place.size;
    }

    // Softmax cross-entropy of a part's pictures, and its gradient (p − target)/N, which goes where backward begins.
    Outcome judge(int part, const int64_t *labels, float smoothing) {
        const int size = outputs();
        Outcome outcome{};
        float *gradients = (float *)places_.back().gradients.get();
        for (int tile = shared_.batch.first_tile(part); tile < shared_.batch.end_tile(part); ++tile)
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

    // Rows of pictures become lanes; lanes without a picture are zero.
    void move_in(int part, const float *rows, int size, vec *to) {
        for (int tile = shared_.batch.first_tile(part); tile < shared_.batch.end_tile(part); ++tile) {
            float *lanes = (float *)(to + (size_t)tile * size);
            for (int lane = 0; lane < LANES; ++lane) {
                const int n = tile * LANES + lane;
                const float *row = rows + (size_t)n * size;
                for (int i = 0; i < size; ++i) lanes[i * LANES + lane] = n < shared_.batch.images ? row[i] : 0;
            }
        }
    }

    // ---- gradients put together, and the step -----------------------------------------------------------------------

    // The parts of a gradient are added up in their order.
    float gradient(size_t p, size_t n) const {
        const size_t at = shared_.offsets[p] + n;
        if (!by_part_[p]) return shared_.whole[at];
        float sum = shared_.partial[at];
        for (int part = 1; part < shared_.batch.parts(); ++part) sum += shared_.partial[part * shared_.size + at];
        return sum + shared_.whole[at];
    }
    template <class F> void each_share(const F &job) {
        constexpr size_t SHARE = 2048;
        workers_.each((int)((shared_.size + SHARE - 1) / SHARE), [&](int, int n) {
            job(n * SHARE, std::min(shared_.size, (n + 1) * SHARE));
        });
    }
    // job(n) for the numbers of a parameter that lie between two places among all.
    template <class F> void each_of(size_t p, size_t first, size_t end, const F &job) const {
        const size_t from = shared_.offsets[p], to = from + sizes_[p];
        for (size_t n = std::max(from, first); n < std::min(to, end); ++n) job(n - from);
    }

    void descend(const Update &update) {
        const Descent descent(update, parameters_);
        each_share([&](size_t first, size_t end) {
            for (size_t p = 0; p < sizes_.size(); ++p) {
                float *direction = &shared_.whole[shared_.offsets[p]];
                each_of(p, first, end, [&](size_t n) { descent.one(p, n, gradient(p, n), direction[n]); });
            }
        });
        if (update.orthogonal)
            workers_.each((int)sizes_.size(), [&](int, int p) {
                if (update.orthogonal[p]) descent.orthogonal(p, sizes_[p], &shared_.whole[shared_.offsets[p]]);
            });
        if (update.averages) descent.average(buffers_, steps_);
    }

    struct Hand {
        bool adds, adds_other; // to a gradient that another row has given already
    };
    struct Late {
        int weights, job;
        std::vector<Layer *> layers;
    };

    Workers workers_;
    const std::vector<float *> parameters_, buffers_;
    const std::vector<Step> steps_;
    const std::vector<int64_t> sizes_;
    Shared shared_;
    std::vector<Place> places_;
    std::vector<std::unique_ptr<Layer>> layers_;
    std::vector<BatchNorm *> norms_;      // of each row: itself, if it is one
    std::vector<int> stages_, stage_of_;  // first rows of what lies between batch normalisations; a row's
    std::vector<Hand> hands_;             // of each row
    std::vector<bool> by_part_;           // of each parameter: whether some of its gradient is summed up part by part
    std::vector<Late> late_;
    std::vector<size_t> slot_starts_;
    size_t scratch_size_ = 0, largest_ = 0;
    std::vector<Buffer<vec>> scratch_;
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
int tersenet_warp(const uint8_t *pictures, const float *maps, int count, int channels, int height, int width,
                  const float *scales, const float *offsets, int edges, int workers, float *to) {
    return warp_all(pictures, maps, count, channels, height, width, scales, offsets, edges != 0, workers, to);
}
void tersenet_destroy(void *network) { delete static_cast<Network *>(network); }
}
