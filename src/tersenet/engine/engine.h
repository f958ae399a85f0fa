// Forward and backward pass of a compact network, compiled for the processor at hand.
//
// A network is a list of rows. Each row computes one buffer from another (or from two), buffer 0 being the pictures;
// chains, residual blocks, branches and shared blocks are such lists alike, and the gradient of a buffer is the sum of
// what the rows that read it give back.
//
// The picture index is innermost: a buffer is [tile][channel][y][x][LANES], a tile being LANES pictures. So every
// instruction works on LANES pictures at once, whatever the numbers of channels and pixels are, nothing is ever
// transposed, and normalisation, activations, pooling and dropout are plain loops over vectors.
//
// Convolutions multiply in float32, or in bfloat16 with float32 sums where the processor has the instruction: a unit of
// 32 bits then holds the same pixel of two channels (forward, and backward to the input) or of two tiles (backward to
// the weights), and one instruction multiplies both and adds them up.
//
// A pass takes two tiles through all rows up to the next batch normalisation before it takes the next two, so that
// what one row writes is still in the cache when the next one reads it.
//
// A batch is cut into parts, which depend on its size alone. Workers are threads that take parts, whichever is free;
// sums over the batch are made part by part and put together in the parts' order. So the result is the same to the bit
// for any number of workers.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <vector>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "workers.h"

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

// ---- what Python and C++ must agree on: abi.py has the same ---------------------------------------------------------

constexpr int64_t VERSION = 6; // raised whenever a struct or a call changes its meaning

enum Rule { GRADIENT_DESCENT, ADAM, ADAM_W };

// What a step of training does with the gradient: one entry per parameter, where nothing else is said.
struct Update {
    int32_t rule, nesterov;
    float label_smoothing, averaging;          // averaging: how far the average moves
    float momentum, second_momentum, epsilon;  // momentum: of Adam, its first moment's
    float first_correction, second_correction; // of Adam: 1 - momentum^t, and the root of 1 - second_momentum^t
    const float *rates, *decays;
    const int32_t *orthogonal;       // rows of a kernel's matrix, whose direction is made orthogonal; 0: it is not
    float *const *velocities;        // of Adam: first moments
    float *const *squares;           // of Adam: second moments; null: none
    float *const *averages;          // null: none
    float *const *statistics;        // averages of each running statistic
};
struct Outcome {
    double loss;
    int64_t correct; // -1: a label is not a class, and nothing was done
};

// The plan, as `plan.py` writes it.

enum Kind {
    CONVOLUTION, BATCH_NORM, ACTIVATION, MAX_POOL, AVERAGE_POOL, DROPOUT, MAP_DROPOUT, GROUP_NORM, PRELU, SUM, JOIN
};
enum Function { RECTIFIED, SILU, GELU, TANH, HARD_SWISH, ELU, SIGMOID };

struct Step {
    int32_t kind;
    int32_t input, other, output; // buffers; other: the second one of a SUM
    int32_t channels_in, height_in, width_in, channels, height, width; // shapes
    int32_t kernel_y, kernel_x, stride, padding, dilation;             // windows
    int32_t groups;    // of channels: of a convolution, of group normalisation
    int32_t place;     // of a JOIN: the first channel of the output that it writes
    int32_t function;  // of an activation
    int32_t bias;      // whether there is one
    int32_t weights;   // index of the first of its parameters: weight, bias
    int32_t buffers;   // index of the first of its running statistics: mean, variance
    float rate;        // of dropout; slope below zero of RECTIFIED, or of the one after batch normalisation; α of ELU
    float before;      // slope below zero of the activation before batch normalisation; 1: none, likewise in `rate`
    float momentum, epsilon; // of a normalisation
    int pixels_in() const { return height_in * width_in; }
    int pixels() const { return height * width; }
    int reach_y() const { return dilation * (kernel_y - 1); } // from a window's first row to its last
    int reach_x() const { return dilation * (kernel_x - 1); }
    size_t size_in() const { return (size_t)channels_in * pixels_in(); }
    size_t size() const { return (size_t)channels * pixels(); }
};

// Pairs of tiles that are taken together; more workers than a batch has of these find nothing to do.
#ifndef TERSENET_PARTS
#define TERSENET_PARTS 16
#endif
constexpr int MOST_PARTS = TERSENET_PARTS;

struct Batch {
    int images, tiles;
    bool training;
    uint64_t seed;
    // Tiles go to the parts in pairs, so that two tiles can be multiplied at once.
    int parts() const { return std::max(1, std::min(MOST_PARTS, (tiles + 1) / 2)); }
    int first_tile(int part) const {
        const int pairs = (tiles + 1) / 2, count = parts();
        return std::min(tiles, 2 * (pairs / count * part + std::min(part, pairs % count)));
    }
    int end_tile(int part) const { return first_tile(part + 1); }
    int first_image(int part) const { return std::min(images, first_tile(part) * LANES); }
    int end_image(int part) const { return first_image(part + 1); }
    int images_of(int part) const { return end_image(part) - first_image(part); }
};

// What all layers need of the whole network.
struct Shared {
    int workers;
    const std::vector<float *> &parameters, &buffers;
    std::vector<size_t> offsets; // of each parameter in a flat gradient
    size_t size;                 // of a flat gradient
    int tiles;                   // at most
    Buffer<float> partial;       // [part][size]: gradients of the parts' own tiles
    Buffer<float> whole;         // [size]: gradients that are summed up over the whole batch at once
    Batch batch;

    // The lanes of a tile that hold a picture.
    ivec held(int tile) const {
        ivec lanes;
        for (int lane = 0; lane < LANES; ++lane) lanes[lane] = lane;
        return lanes < batch.images - tile * LANES;
    }
    float *gradient(int part, int parameter) const { return &partial[part * size + offsets[parameter]]; }
    float *whole_gradient(int parameter) const { return &whole[offsets[parameter]]; }
};

// One or two tiles of a part that go through the rows together, and the worker that takes them. What is kept of all
// tiles is found by a tile's number; gradients are given for these tiles alone.
struct Span {
    int worker, part, first, end;
    int count() const { return end - first; }
};

class Layer {
  public:
    Layer(const Step &step, Shared &shared) : step(step), shared(shared) {}
    virtual ~Layer() = default;
    virtual void pack() {}     // once a pass, before anything else
    virtual void begin(int) {} // once a pass, for each part
    virtual void forward(Span tiles, const vec *x, vec *y) = 0;
    virtual void backward(Span tiles, const vec *x, vec *gy, vec *gx) = 0; // gx: null where nothing before it learns
    // When all tiles have gone backward: what is summed up over the whole batch, in jobs that do not depend on each other.
    virtual int late_jobs() const { return 0; }
    virtual void late(int) {}
    virtual bool by_part(int) const { return true; } // whether the gradient of its n-th parameter is

    const Step step;

  protected:
    size_t size_in() const { return step.size_in(); }
    size_t size() const { return step.size(); }
    Shared &shared;
};

// A convolution, or a dense layer; `learns`: something before it does.
std::unique_ptr<Layer> make_convolution(const Step &step, Shared &shared, bool learns, bool bfloat16);

} // namespace tersenet
