// Steps of the optimisers, as torch makes them, and the moving average of weights and statistics.

#pragma once

#include "engine.h"

namespace tersenet {

class Descent {
  public:
    Descent(const Update &update, const std::vector<float *> &parameters) : update_(update), parameters_(parameters) {}

    // One number of a parameter. Where its direction is to be made orthogonal, that is where this goes.
    void one(size_t p, size_t n, float gradient, float &direction) const {
        float &weight = parameters_[p][n], &velocity = update_.velocities[p][n];
        if (update_.rule != GRADIENT_DESCENT) return adam(p, n, gradient, weight, velocity);
        const bool waits = update_.orthogonal && update_.orthogonal[p];
        const float d = waits ? gradient : gradient + update_.decays[p] * weight;
        velocity = update_.momentum * velocity + d;
        const float along = update_.nesterov ? d + update_.momentum * velocity : velocity;
        if (waits) {
            direction = along;
            return;
        }
        weight -= update_.rates[p] * along;
        follow(p, n, weight);
    }

    // Muon (Jordan et al. 2024): five Newton–Schulz iterations of X ← aX + (bA + cA²)X with A = XXᵀ, on the direction
    // as a matrix with as many rows as the kernel has channels; its singular values become nearly 1.
    void orthogonal(size_t p, size_t size, const float *direction) const {
        const int rows = update_.orthogonal[p], columns = (int)(size / rows);
        const bool turned = rows > columns; // the smaller of the two products
        const int r = turned ? columns : rows, c = turned ? rows : columns, wide = up_to_multiple(c, LANES) / LANES;
        std::vector<float> x((size_t)r * wide * LANES, 0.0f);
        double squares = 0;
        for (size_t n = 0; n < size; ++n) squares += (double)direction[n] * direction[n];
        const float norm = (float)std::sqrt(squares) + 1e-7f;
        const auto at = [&](int i, int j) -> float & { return x[(size_t)i * wide * LANES + j]; };
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < columns; ++j) (turned ? at(j, i) : at(i, j)) = direction[(size_t)i * columns + j] / norm;
        for (int iteration = 0; iteration < 5; ++iteration) iterate(x, r, wide);
        const float rate = update_.rates[p] * std::sqrt(std::max(1.0f, (float)rows / columns));
        const float kept = 1 - update_.rates[p] * update_.decays[p];
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < columns; ++j) {
                const size_t n = (size_t)i * columns + j;
                float &weight = parameters_[p][n];
                weight = kept * weight - rate * (turned ? at(j, i) : at(i, j));
                follow(p, n, weight);
            }
    }

    // The averages of running statistics.
    void average(const std::vector<float *> &buffers, const std::vector<Step> &steps) const {
        std::vector<bool> done(buffers.size(), false); // a shared normalisation has several rows
        for (const Step &step : steps)
            for (int i = step.buffers; step.kind == BATCH_NORM && i < step.buffers + 2; ++i) {
                for (int c = 0; !done[i] && c < step.channels; ++c) {
                    float &average = update_.statistics[i][c];
                    average += update_.averaging * (buffers[i][c] - average);
                }
                done[i] = true;
            }
    }

  private:
    void follow(size_t p, size_t n, float weight) const {
        if (update_.averages) update_.averages[p][n] += update_.averaging * (weight - update_.averages[p][n]);
    }
    void adam(size_t p, size_t n, float gradient, float &weight, float &first) const {
        const float decay = update_.decays[p], rate = update_.rates[p];
        if (update_.rule == ADAM_W)
            weight *= 1 - rate * decay;
        else
            gradient += decay * weight;
        float &second = update_.squares[p][n];
        first += (1 - update_.momentum) * (gradient - first);
        second = update_.second_momentum * second + (1 - update_.second_momentum) * gradient * gradient;
        const float width = std::sqrt(second) / update_.second_correction + update_.epsilon;
        weight -= rate / update_.first_correction * (first / width);
        follow(p, n, weight);
    }

    static void iterate(std::vector<float> &x, int r, int wide) {
        constexpr float A = 3.4445f, B = -4.7750f, C = 2.0315f; // the authors'
        const auto row = [&](std::vector<float> &of, int i) { return &of[(size_t)i * wide * LANES]; };
        const auto load = [](const float *from) {
            vec v;
            std::memcpy(&v, from, sizeof v);
            return v;
        };
        std::vector<float> gram((size_t)r * r), mixed((size_t)r * r), next(x.size());
        for (int i = 0; i < r; ++i)
            for (int j = 0; j <= i; ++j) {
                const float *a = row(x, i), *b = row(x, j);
                vec sum{};
                for (int k = 0; k < wide; ++k) sum += load(a + k * LANES) * load(b + k * LANES);
                gram[i * r + j] = gram[j * r + i] = total(sum);
            }
        for (int i = 0; i < r; ++i)
            for (int j = 0; j <= i; ++j) { // A is symmetric
                float sum = 0;
                for (int k = 0; k < r; ++k) sum += gram[i * r + k] * gram[j * r + k];
                mixed[i * r + j] = mixed[j * r + i] = B * gram[i * r + j] + C * sum;
            }
        for (int i = 0; i < r; ++i)
            for (int k = 0; k < wide; ++k) {
                vec sum = load(row(x, i) + k * LANES) * A;
                for (int j = 0; j < r; ++j) sum += load(row(x, j) + k * LANES) * mixed[i * r + j];
                std::memcpy(row(next, i) + k * LANES, &sum, sizeof sum);
            }
        x.swap(next);
    }

    const Update &update_;
    const std::vector<float *> &parameters_;
};

} // namespace tersenet
