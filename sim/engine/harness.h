// What every compiled simulation shares: stalls, output words and the C interface that Python calls.
//
// A file generated for the design defines `Model`, with
//     set_PORT(value) and PORT() for every port, sample() and edge(), and
// with COUNTERS an array `counters` of `Counter`;
// sample() computes everything that follows from the inputs in the current cycle, edge() takes the rising
// clock edge that ends it. It also has the constants INPUTS and OUTPUTS, numbers of streams, and functions
// of a stream's number, which map the protocol of a shell to ports; `Host` (native.h or pins.h) is the
// bus-functional model on top of them.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

// Pseudo-random stalls: each source draws from its own generator, so that they do not depend on each other.
class Stall {
public:
    // `chance` of 256: how often a draw says to wait.
    void set(uint64_t seed, unsigned chance) {
        state_ = seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u;
        chance_ = chance;
    }

    bool draw() {
        if (chance_ == 0) return false;
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return ((state_ >> 32) & 255) < chance_;
    }

private:
    uint64_t state_ = 1;
    unsigned chance_ = 0;
};

// Counts, for each of 64 bits, cycles in which it is 1, or in which it differs from the one before.
struct Counter {
    uint64_t counts[64] = {};

    void active(uint64_t bits) {
        for (; bits; bits &= bits - 1) counts[__builtin_ctzll(bits)]++;
    }
    void changes(uint64_t bits) {
        if (started_) active(bits ^ last_);
        started_ = true;
        last_ = bits;
    }

private:
    bool started_ = false;
    uint64_t last_ = 0;
};

// Results of the functions below that can fail.
constexpr int64_t TIMED_OUT = -1;
