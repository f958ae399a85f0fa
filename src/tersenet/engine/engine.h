// Forward and backward pass of a compact network, compiled for the processor at hand.
//
// The picture index is innermost: an activation is [tile][channel][y][x][LANES], a tile being LANES pictures. So every
// instruction works on LANES pictures at once, whatever the numbers of channels and pixels are, nothing is ever
// transposed, and batch normalisation, activations, pooling and dropout are plain loops over vectors.
//
// Convolutions multiply in float32, or in bfloat16 with float32 sums where the processor has the instruction: a unit of
// 32 bits then holds the same pixel of two channels (forward, and backward to the input) or of two tiles (backward to
// the weights), and one instruction multiplies both and adds them up.
//
// A pass takes two tiles through all layers up to the next batch normalisation before it takes the next two, so that
// what one layer writes is still in the cache when the next one reads it.
//
// Each worker is a thread with its own tiles. They meet at barriers; sums over the batch are made worker by worker in
// a fixed order, so that the result depends on the number of workers and on nothing else.

#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace tersenet {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif
// Accumulators that fit in the registers beside what is multiplied.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int ACROSS = 6, DOWN = 4;
#else
constexpr int ACROSS = 2, DOWN = 6;
#endif

using vec = float __attribute__((vector_size(LANES * 4)));
using ivec = int32_t __attribute__((vector_size(LANES * 4)));
using uvec = uint32_t __attribute__((vector_size(LANES * 4)));

inline vec all(float x) { return x - vec{}; }
inline float total(vec v) {
#if defined(__AVX512F__)
    return _mm512_reduce_add_ps((__m512)v); // by halves: four steps in place of sixteen
#else
    float sum = 0;
    for (int lane = 0; lane < LANES; ++lane) sum += v[lane];
    return sum;
#endif
}
inline vec choose(ivec condition, vec yes, vec no) { return condition ? yes : no; }
inline vec only(ivec condition, vec v) { return (vec)((ivec)v & condition); } // 0 elsewhere
// The larger of two numbers; b where one of them is none.
inline vec larger(vec a, vec b) {
#if defined(__AVX512F__)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return choose(a > b, a, b);
#endif
}
// Whether a lane is not a number.
inline bool any_broken(vec v) {
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q) != 0;
#else
    return total(choose(v == v, vec{}, v)) != 0;
#endif
}
inline int up_to_multiple(int n, int of) { return (n + of - 1) / of * of; }

// ---- memory: vectors, aligned, zero at first ------------------------------------------------------------------------

// Nothing is touched before it is used: what a mere measurement does not need costs no memory.
template <class T> class Buffer {
  public:
    explicit Buffer(size_t count = 0) : memory_(count ? std::calloc(count * sizeof(T) + ALIGNMENT, 1) : nullptr) {
        if (count && !memory_) throw std::bad_alloc();
        data_ = (T *)(((uintptr_t)memory_.get() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }
    T *get() const { return data_; }
    T &operator[](size_t i) const { return data_[i]; }

  private:
    static constexpr uintptr_t ALIGNMENT = 64;
    struct Free {
        void operator()(void *memory) const { std::free(memory); }
    };
    std::unique_ptr<void, Free> memory_;
    T *data_;
};

// ---- workers --------------------------------------------------------------------------------------------------------

inline void pause_briefly(int &waited) {
    if (++waited > 20000) {
        std::this_thread::yield();
        return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

class Workers {
  public:
    explicit Workers(int count) : count_(count) {
        try {
            for (int worker = 1; worker < count; ++worker) threads_.emplace_back([this, worker] { serve(worker); });
        } catch (...) { // the system gives no more threads: those that began end
            stop();
            throw;
        }
    }
    ~Workers() { stop(); }
    int count() const { return count_; }

    template <class Job> void run(const Job &job) {
        job_ = &job;
        call_ = [](const void *job, int worker) { (*static_cast<const Job *>(job))(worker); };
        start();
        job(0);
        meet();
    }

    // Until every worker has come as far as here.
    void meet() {
        if (count_ == 1) return;
        const unsigned round = round_.load();
        if (arrived_.fetch_add(1) == count_ - 1) {
            arrived_ = 0;
            round_.fetch_add(1);
            return;
        }
        for (int waited = 0; round_.load() == round;) pause_briefly(waited);
    }

  private:
    void stop() {
        call_ = nullptr;
        start();
        for (auto &thread : threads_) thread.join();
    }
    void start() {
        if (count_ == 1) return;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            started_.fetch_add(1);
        }
        sleepers_.notify_all();
    }
    void serve(int worker) {
        for (unsigned seen = 0;;) {
            for (int waited = 0; started_.load() == seen && waited < 20000;) pause_briefly(waited);
            if (started_.load() == seen) {
                std::unique_lock<std::mutex> lock(mutex_);
                sleepers_.wait(lock, [&] { return started_.load() != seen; });
            }
            ++seen;
            if (!call_) return;
            call_(job_, worker);
            meet();
        }
    }
    int count_;
    const void *job_ = nullptr;
    void (*call_)(const void *job, int worker) = nullptr; // null: there is nothing more to do
    std::mutex mutex_;
    std::condition_variable sleepers_;
    std::atomic<unsigned> started_{0}, round_{0};
    std::atomic<int> arrived_{0};
    std::vector<std::thread> threads_;
};

// ---- what Python and C++ must agree on: abi.py has the same ---------------------------------------------------------

constexpr int64_t VERSION = 5; // raised whenever a struct or a call changes its meaning

// What a step of training does with the gradient.
struct Update {
    float learning_rate, momentum, label_smoothing, averaging; // averaging: how far the average moves
    int32_t nesterov;
    const float *decays;      // of each parameter
    float *const *velocities; // of each parameter
    float *const *averages;   // of each parameter; null: none
    float *const *statistics; // averages of each running statistic
};
struct Outcome {
    double loss;
    int64_t correct; // -1: a label is not a class, and nothing was done
};

// The plan: one row per layer, as `plan.py` writes it.

enum Kind { CONVOLUTION, BATCH_NORM, ACTIVATION, MAX_POOL, AVERAGE_POOL, DROPOUT, MAP_DROPOUT };

struct Step {
    int32_t kind;
    int32_t channels_in, height_in, width_in, channels, height, width; // shapes
    int32_t kernel_y, kernel_x, stride, padding, dilation;             // windows
    int32_t bias;                                                      // whether there is one
    int32_t weights;  // index of the first of its parameters: weight, bias
    int32_t buffers;  // index of the first of its running statistics: mean, variance
    float rate;       // of dropout; slope below zero of an activation, or of the one after batch normalisation
    float before;     // slope below zero of the activation before batch normalisation; 1: none, likewise in `rate`
    float momentum, epsilon; // of batch normalisation
    int pixels_in() const { return height_in * width_in; }
    int pixels() const { return height * width; }
    int reach_y() const { return dilation * (kernel_y - 1); } // from a window's first row to its last
    int reach_x() const { return dilation * (kernel_x - 1); }
};

struct Batch {
    int images, tiles;
    bool training;
    uint64_t seed;
};

// What all layers need of the whole network.
struct Shared {
    Workers &workers;
    const std::vector<float *> &parameters, &buffers;
    std::vector<size_t> offsets; // of each parameter in a flat gradient
    size_t size;                 // of a flat gradient
    int tiles;                   // at most
    Buffer<float> partial;       // [worker][size]: gradients of the workers' own tiles
    Batch batch;

    // Tiles go to the workers in pairs, so that two tiles can be multiplied at once.
    int first_tile(int worker) const {
        const int pairs = (batch.tiles + 1) / 2, count = workers.count();
        return std::min(batch.tiles, 2 * (pairs / count * worker + std::min(worker, pairs % count)));
    }
    int end_tile(int worker) const { return first_tile(worker + 1); }
    // The lanes of a tile that hold a picture.
    ivec held(int tile) const {
        ivec lanes;
        for (int lane = 0; lane < LANES; ++lane) lanes[lane] = lane;
        return lanes < batch.images - tile * LANES;
    }
    int images(int worker) const {
        return std::min(batch.images, end_tile(worker) * LANES) - std::min(batch.images, first_tile(worker) * LANES);
    }
    float *gradient(int worker, int parameter) const { return &partial[worker * size + offsets[parameter]]; }
};

// Tiles that go through the layers together. What is kept of all tiles is found by a tile's number; gradients are kept
// of these few alone, and found by its place among them.
struct Span {
    int first, end;
};

class Layer {
  public:
    Layer(const Step &step, Shared &shared) : step(step), shared(shared) {}
    virtual ~Layer() = default;
    virtual void prepare(int) {} // once a pass, by each worker
    virtual void forward(int worker, Span tiles, const vec *x, vec *y) = 0;
    virtual void backward(int worker, Span tiles, const vec *x, vec *gy, vec *gx) = 0; // gx: null at the first layer
    virtual void finish(int) {} // by each worker, when all its tiles have gone backward

    const Step step;

  protected:
    size_t size_in() const { return (size_t)step.channels_in * step.pixels_in(); }
    size_t size() const { return (size_t)step.channels * step.pixels(); }
    Shared &shared;
};

// A convolution, or a dense layer; `first`: nothing stands before it that learns.
std::unique_ptr<Layer> make_convolution(const Step &step, Shared &shared, bool first, bool bfloat16);

} // namespace tersenet
