// Functions of single values, and their derivatives. What is not a number stays so.

#pragma once

#include "engine.h"

namespace tersenet {

// ---- the exponential and its relatives, to the last digit or two ----------------------------------------------------

// e^x as 2^n·(1 + rest), n whole: a polynomial between −ln 2/2 and ln 2/2 (Moshier, Cephes, expf).
struct Power {
    vec scale, rest;
    explicit Power(vec x) {
        x = choose(x > 88.0f, all(88.0f), choose(x < -87.0f, all(-87.0f), x));
        const vec shifted = x * 1.44269504088896341f + 12582912.0f, n = shifted - 12582912.0f; // rounded to a whole number
        const vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
        vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        rest = p * r * r + r;
        scale = (vec)(((uvec)shifted << 23) + 0x3f800000u);
    }
};
inline vec exponential(vec x) {
    const Power power(x);
    return power.scale * power.rest + power.scale;
}
inline vec exponential_less_one(vec x) {
    const Power power(x);
    return power.scale * power.rest + (power.scale - 1);
}
inline vec magnitude(vec x) { return (vec)((uvec)x & 0x7fffffffu); }
inline vec with_sign_of(vec sign, vec x) { return (vec)((uvec)x | ((uvec)sign & 0x80000000u)); }
inline vec logistic(vec x) { return 1 / (1 + exponential(-x)); }
inline vec hyperbolic_tangent(vec x) {
    const vec e = exponential_less_one(-2 * magnitude(x));
    return with_sign_of(x, -e / (2 + e));
}
// The error function (Juffa's approximation, to about one unit of the last digit).
inline vec error_function(vec x) {
    const vec s = x * x;
    vec inner = s * -5.96761703e-4f + 4.99119423e-3f;
    inner = inner * s - 2.67681349e-2f;
    inner = inner * s + 1.12819925e-1f;
    inner = inner * s - 3.76125336e-1f;
    inner = inner * s + 1.28379166e-1f;
    inner = inner * x + x;
    const vec t = choose(magnitude(x) > 10.0f, all(10.0f), magnitude(x)), u = t * t;
    vec outer = t * -1.72853470e-5f + 3.83197126e-4f;
    outer = outer * u + (t * -3.88396438e-3f + 2.42546219e-2f);
    outer = outer * t - 1.06777877e-1f;
    outer = outer * t - 6.34846687e-1f;
    outer = outer * t - 1.28717512e-1f;
    outer = outer * t - t;
    return choose(t > 0.927734375f, with_sign_of(x, 1 - exponential(outer)), inner);
}

// ---- activations ----------------------------------------------------------------------------------------------------

// `back` takes the gradient of an activation's output to that of its input v. First those that are v above zero and
// slope·v below: a slope of 1 is no activation, and costs nothing.
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


struct Silu {
    vec operator()(vec v) const { return v * logistic(v); }
    vec back(vec v, vec g) const {
        const vec s = logistic(v);
        return g * (s + v * s * (1 - s));
    }
};
struct Gelu {
    static vec normal(vec v) { return 0.5f * (1 + error_function(v * 0.70710678118654752f)); }
    vec operator()(vec v) const { return v * normal(v); }
    vec back(vec v, vec g) const { return g * (normal(v) + v * 0.39894228040143268f * exponential(v * v * -0.5f)); }
};
struct Tanh {
    vec operator()(vec v) const { return hyperbolic_tangent(v); }
    vec back(vec v, vec g) const {
        const vec y = hyperbolic_tangent(v);
        return g * (1 - y * y);
    }
};
struct HardSwish {
    vec operator()(vec v) const { return v * choose(v < -3, vec{}, choose(v > 3, all(6), v + 3)) * (1 / 6.0f); }
    vec back(vec v, vec g) const { return choose(v < -3, vec{}, choose(v > 3, g, g * (v * (1 / 3.0f) + 0.5f))); }
};
struct Elu {
    float alpha;
    vec operator()(vec v) const { return choose(v > 0, v, alpha * exponential_less_one(v)); }
    vec back(vec v, vec g) const { return choose(v > 0, g, g * alpha * exponential(v)); }
};
struct Sigmoid {
    vec operator()(vec v) const { return logistic(v); }
    vec back(vec v, vec g) const {
        const vec s = logistic(v);
        return g * s * (1 - s);
    }
};
template <class Job> void with_function(const Step &step, const Job &job) {
    switch (step.function) {
    case SILU: return job(Silu());
    case GELU: return job(Gelu());
    case TANH: return job(Tanh());
    case HARD_SWISH: return job(HardSwish());
    case ELU: return job(Elu{step.rate});
    case SIGMOID: return job(Sigmoid());
    default: return with_slope(step.rate, job);
    }
}

class Activation : public Layer {
  public:
    using Layer::Layer;
    void forward(Span tiles, const vec *x, vec *y) override {
        with_function(step, [&](auto function) {
            for (size_t n = tiles.first * size(); n < tiles.end * size(); ++n) y[n] = function(x[n]);
        });
    }
    void backward(Span tiles, const vec *x, vec *gy, vec *gx) override {
        x += tiles.first * size();
        with_function(step, [&](auto function) {
            for (size_t n = 0; gx && n < tiles.count() * size(); ++n) gx[n] = function.back(x[n], gy[n]);
        });
    }
};

// A learned slope below zero for each channel.
class PRelu : public Layer {
  public:
    using Layer::Layer;
    void forward(Span tiles, const vec *x, vec *y) override {
        each_channel(tiles, [&](size_t from, size_t, int c) {
            const Bent bent{shared.parameters[step.weights][c]};
            for (int p = 0; p < step.pixels(); ++p) y[from + p] = bent(x[from + p]);
        });
    }
    void backward(Span tiles, const vec *x, vec *gy, vec *gx) override {
        float *slopes = shared.gradient(tiles.part, step.weights);
        each_channel(tiles, [&](size_t from, size_t here, int c) {
            const Bent bent{shared.parameters[step.weights][c]};
            vec sum{};
            for (int p = 0; p < step.pixels(); ++p) {
                const vec v = x[from + p], g = gy[here + p];
                sum += choose(v > 0, vec{}, v * g);
                if (gx) gx[here + p] = bent.back(v, g);
            }
            slopes[c] += total(sum);
        });
    }

  private:
    // job(place among all tiles, place among these, channel)
    template <class Job> void each_channel(Span tiles, const Job &job) const {
        for (int tile = tiles.first; tile < tiles.end; ++tile)
            for (int c = 0; c < step.channels; ++c) {
                const size_t place = (size_t)c * step.pixels();
                job(tile * size() + place, (tile - tiles.first) * size() + place, c);
            }
    }
};

} // namespace tersenet
