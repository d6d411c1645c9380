// Speaks published pins: four-phase address-event buses and SPI in mode 0.
#pragma once

#include "harness.h"

class Host {
public:
    Model model;
    uint64_t cycles = 0;
    std::vector<uint64_t> outputs[Model::OUTPUTS];
    Stall event_stall, output_stall, access_stall;

    // One cycle; the receivers on the output buses work beside whatever else is going on.
    void cycle() {
        model.sample();
        for (int s = 0; s < Model::INPUTS; s++) acknowledged_[s] = model.acknowledged(s);
        bool idle = model.is_idle(0), answers[Model::OUTPUTS];
        for (int s = 0; s < Model::OUTPUTS; s++) {
            const bool request = model.requested(s);
            idle = idle && !request && !acknowledge_[s];
            answers[s] = request != acknowledge_[s] && !output_stall.draw();
            if (answers[s]) {
                acknowledge_[s] = request;
                if (request) outputs[s].push_back(model.payload(s));
            }
        }
        idle_ = idle;
        model.edge();
        for (int s = 0; s < Model::OUTPUTS; s++)
            if (answers[s]) model.set_acknowledge(s, acknowledge_[s]);
        cycles++;
    }

    void reset() {
        model.set_reset(0, 1);
        pass(4);
        model.set_reset(0, 0);
        pass(4);
        for (auto &words : outputs) words.clear();
    }

    int64_t send(int stream, const uint64_t *words, int64_t count, uint64_t limit) {
        for (int64_t i = 0; i < count; i++) {
            while (event_stall.draw()) cycle();
            model.set_payload(stream, words[i]);
            model.set_request(stream, 1);
            const bool taken = wait_acknowledge(stream, true, limit);
            while (event_stall.draw()) cycle();
            model.set_request(stream, 0);
            if (!taken || !wait_acknowledge(stream, false, limit)) return TIMED_OUT;
        }
        return count;
    }

    // There is no access port here.
    int64_t access(const uint64_t *, int64_t, uint64_t *, uint64_t) { return TIMED_OUT; }

    // Transactions of `length` words each; `half_period` are the clock cycles that SCK stays low or high
    // or, with stalls, the fewest; `settling` those that pass after each.
    void spi(const uint64_t *words, int64_t count, int64_t length, uint64_t *back, int half_period,
             int settling) {
        for (int64_t i = 0; i < count; i++) {
            for (int64_t k = 0; k < length; k++) *back++ = shift(*words++, half_period);
            stalled_pass(half_period);
            pass(settling);
        }
    }

    int64_t settle(uint64_t limit) {
        const uint64_t end = cycles + limit;
        // What has just been asked for at the pins passes two flip-flops first.
        for (int quiet = 0; quiet < 4; quiet = idle_ ? quiet + 1 : 0) {
            if (cycles >= end) return TIMED_OUT;
            cycle();
        }
        return 0;
    }

private:
    bool acknowledge_[Model::OUTPUTS] = {}, acknowledged_[Model::INPUTS] = {}, idle_ = false;

    void pass(int count) {
        while (count-- > 0) cycle();
    }

    bool wait_acknowledge(int stream, bool level, uint64_t limit) {
        const uint64_t end = cycles + limit;
        do {
            if (cycles >= end) return false;
            cycle();
        } while (acknowledged_[stream] != level);
        return true;
    }

    void stalled_pass(int count) {
        do {
            pass(count);
        } while (access_stall.draw());
    }

    uint64_t shift(uint64_t word, int half_period) {
        uint64_t back = 0;
        for (int bit = Model::SPI_BITS - 1; bit >= 0; bit--) {
            model.set_mosi(0, word >> bit & 1);
            stalled_pass(half_period);
            back = back << 1 | model.miso(0);
            model.set_sck(0, 1);
            stalled_pass(half_period);
            model.set_sck(0, 0);
        }
        return back;
    }
};
