// Threads that share the jobs of a phase, and wait for each other without standing in anybody's way.

#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tersenet {

// The calling thread is worker 0; the others help. A phase is done as soon as all its jobs are, whoever did them: a
// helper that does not run delays nobody, unless it was stopped in the middle of a job. Each worker begins with a share
// of its own, so that what it wrote in the last phase is still in its cache, and then takes what others have not begun.
//
// Beside other busy processes helpers are stopped in the middle of jobs so often that waiting for them may take longer
// than doing without. Whether it does follows from what the caller did itself and how long that took; if so, it goes on
// alone for a while, and then tries again. The result does not depend on it.
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

    // job(worker, n) for all n below `jobs`, in any order.
    template <class Job> void each(int jobs, const Job &job) {
        if (count_ == 1 || jobs == 1 || alone_ > 0) {
            alone_ -= alone_ > 0 && jobs > 1;
            for (int n = 0; n < jobs; ++n) job(0, n);
            return;
        }
        for (int first = 0; first < jobs; first += MOST) {
            const auto some = [&](int worker, int n) { job(worker, first + n); };
            share(std::min(MOST, jobs - first), &some,
                  [](const void *job, int worker, int n) { (*static_cast<const decltype(some) *>(job))(worker, n); });
        }
    }

  private:
    using Call = void (*)(const void *job, int worker, int n);
    using Clock = std::chrono::steady_clock;
    static constexpr int MOST = 256, LONGEST = 2000, SHORTEST = 8; // jobs of a phase; pauses before a thread sleeps
    static constexpr int WINDOW = 48, BRIEFLY = 200, LONG = 3200;  // phases: to judge by; to be alone for

    // What the phases of a window took, and what they would have taken the caller alone.
    struct Window {
        int phases = 0;
        double seconds = 0, active = 0, own = 0; // own: the caller's part of the jobs
    };

    void share(int jobs, const void *job, Call call) {
        const uint64_t phase = phase_.load(std::memory_order_relaxed) + 2;
        phase_.store(phase - 1); // odd: what follows is being written
        jobs_.store(jobs), job_.store(job), call_.store(call), left_.store(jobs);
        phase_.store(phase);
        if (asleep_.load()) {
            std::lock_guard<std::mutex> lock(mutex_);
            begun_.notify_all();
        }
        const auto begun = Clock::now();
        const int own = help(0, phase, jobs, job, call);
        const auto ready = Clock::now();
        if (!waited(patience_, [&] { return left_.load() == 0; })) {
            std::unique_lock<std::mutex> lock(mutex_);
            waiting_ = true;
            done_.wait(lock, [&] { return left_.load() == 0; });
            waiting_ = false;
        }
        review(std::chrono::duration<double>(ready - begun).count(),
               std::chrono::duration<double>(Clock::now() - begun).count(), (double)own / jobs);
    }

    // After a window of phases: on alone if that had taken less long.
    void review(double active, double seconds, double own) {
        window_.seconds += seconds, window_.active += active, window_.own += own;
        if (++window_.phases < WINDOW) return;
        const bool slower = window_.active < window_.seconds * (window_.own / window_.phases);
        alone_ = slower ? rest_ : 0;
        rest_ = slower ? std::min(LONG, 2 * rest_) : BRIEFLY;
        window_ = {};
    }

    // Take jobs of a phase until all are taken: first those of the own share, then from the ends of the others'.
    // Gives how many it took.
    int help(int worker, uint64_t phase, int jobs, const void *job, Call call) {
        int taken = 0;
        const auto take = [&](int n) {
            uint64_t seen = taken_[n].load(std::memory_order_relaxed);
            if (seen >= phase || !taken_[n].compare_exchange_strong(seen, phase)) return;
            call(job, worker, n);
            ++taken;
            if (left_.fetch_sub(1) == 1 && worker && waiting_.load()) {
                std::lock_guard<std::mutex> lock(mutex_);
                done_.notify_one();
            }
        };
        const auto first = [&](int of) { return jobs * of / count_; };
        for (int n = first(worker); n < first(worker + 1); ++n) take(n);
        for (int away = 1; away < count_; ++away) {
            const int other = (worker + away) % count_;
            for (int n = first(other + 1) - 1; n >= first(other); --n) take(n);
        }
        return taken;
    }

    void serve(int worker) {
        int patience = LONGEST;
        for (uint64_t seen = 0; !stopping_.load();) {
            const auto news = [&] { return phase_.load() > seen + 1 || stopping_.load(); };
            if (!waited(patience, news)) {
                std::unique_lock<std::mutex> lock(mutex_);
                ++asleep_;
                begun_.wait(lock, news);
                --asleep_;
            }
            const uint64_t phase = phase_.load();
            const int jobs = jobs_.load();
            const void *job = job_.load();
            const Call call = call_.load();
            if (phase % 2 || phase_.load() != phase) continue; // it was being written
            seen = phase;
            if (phase) help(worker, phase, jobs, job, call);
        }
    }

    // Whether something came true within a few microseconds; who waits in vain is less patient the next time.
    template <class Condition> static bool waited(int &patience, const Condition &condition) {
        for (int n = 0; n < patience; ++n) {
            if (condition()) {
                patience = std::min(LONGEST, patience + patience / 4 + 1);
                return true;
            }
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
        patience = std::max(SHORTEST, patience / 2);
        return condition();
    }

    void stop() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            stopping_ = true;
        }
        begun_.notify_all();
        for (auto &thread : threads_) thread.join();
    }

    const int count_;
    int patience_ = LONGEST, alone_ = 0, rest_ = BRIEFLY; // alone: phases that the caller still does alone
    Window window_;
    std::atomic<uint64_t> phase_{0}; // even: the number of the phase that is on, or was last
    std::atomic<int> jobs_{0}, left_{0}, asleep_{0};
    std::atomic<const void *> job_{nullptr};
    std::atomic<Call> call_{nullptr};
    std::atomic<bool> stopping_{false}, waiting_{false};
    std::atomic<uint64_t> taken_[MOST] = {}; // the phase in which somebody last took the n-th job
    std::mutex mutex_;
    std::condition_variable begun_, done_;
    std::vector<std::thread> threads_;
};

} // namespace tersenet
