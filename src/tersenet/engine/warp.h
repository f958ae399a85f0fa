// Pictures, moved and normalised.

#pragma once

#include "engine.h"
#include "workers.h"

namespace tersenet {

inline ivec looked_up(const uint32_t *table, ivec index) {
    ivec found;
    for (int lane = 0; lane < LANES; ++lane) found[lane] = (int32_t)table[index[lane]];
    return found;
}

// Bilinear, with 0 outside, from the place that the map [2][3] names in pixels from the centre: as grid_sample does.
// `table` holds, for each pixel of the picture in a border, the four bytes of it and its neighbours right and below.
inline void warp(const uint8_t *picture, const float *map, int height, int width, float scale, float offset, bool edges,
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

// Whether all pictures were moved; not where there is no memory for it.
inline bool warp_all(const uint8_t *pictures, const float *maps, int count, int channels, int height, int width,
                     const float *scales, const float *offsets, bool edges, int workers, float *to) {
    const size_t size = (size_t)height * width;
    std::atomic<bool> whole{true};
    std::atomic<int> next{0};
    const auto take = [&] {
        try {
            std::vector<uint8_t> bordered;
            std::vector<uint32_t> table;
            for (int n; (n = next.fetch_add(1)) < count;)
                for (int c = 0; c < channels; ++c) { // each channel is moved alike
                    const size_t plane = ((size_t)n * channels + c) * size;
                    warp(pictures + plane, maps + 6 * n, height, width, scales[c], offsets[c], edges, bordered, table,
                         to + plane);
                }
        } catch (...) {
            whole = false;
        }
    };
    std::vector<std::thread> threads;
    try {
        for (int worker = 1; worker < workers; ++worker) threads.emplace_back(take);
    } catch (...) { // no more threads: those that are there do it
    }
    take();
    for (auto &thread : threads) thread.join();
    return whole;
}

} // namespace tersenet
