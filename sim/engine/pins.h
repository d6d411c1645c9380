// What hosts at the published pins share: four-phase address-event buses and SPI in mode 0.
#pragma once

#include "harness.h"

// `Pins` says, in static functions of a model, how a chip calls its output bus and its input words, and how
// many bits an SPI word has:
//     output_request(model), output_word(model), acknowledge(model, level), set_event(model, word), SPI_BITS
template<class Pins> class PinsHost {
public:
    Model model;
    uint64_t cycles = 0;
    std::vector<uint64_t> outputs;
    Stall event_stall, output_stall, access_stall;

    // One cycle; the receiver on the output bus works beside whatever else is going on.
    void cycle() {
        model.sample();
        acknowledged_ = model.AERIN_ACK();
        const bool request = Pins::output_request(model);
        idle_ = model.IDLE() && !request && !acknowledge_;
        const bool answers = request != acknowledge_ && !output_stall.draw();
        if (answers) {
            acknowledge_ = request;
            if (acknowledge_) outputs.push_back(Pins::output_word(model));
        }
        model.edge();
        if (answers) Pins::acknowledge(model, acknowledge_);
        cycles++;
    }

    void reset() {
        model.set_RST(1);
        pass(4);
        model.set_RST(0);
        pass(4);
        outputs.clear();
    }

    int64_t send(const uint64_t *words, int64_t count, uint64_t limit) {
        for (int64_t i = 0; i < count; i++) {
            while (event_stall.draw()) cycle();
            Pins::set_event(model, words[i]);
            model.set_AERIN_REQ(1);
            const bool taken = wait_acknowledge(true, limit);
            while (event_stall.draw()) cycle();
            model.set_AERIN_REQ(0);
            if (!taken || !wait_acknowledge(false, limit)) return TIMED_OUT;
        }
        return count;
    }

    // A transaction; `half_period` are the clock cycles that SCK stays low or high or, with stalls, the
    // fewest.
    void spi(const uint64_t *words, int64_t count, uint64_t *back, int half_period) {
        for (int64_t i = 0; i < count; i++) {
            back[i] = 0;
            for (int bit = Pins::SPI_BITS - 1; bit >= 0; bit--) {
                model.set_MOSI(words[i] >> bit & 1);
                stalled_pass(half_period);
                back[i] = back[i] << 1 | model.MISO();
                model.set_SCK(1);
                stalled_pass(half_period);
                model.set_SCK(0);
            }
        }
        stalled_pass(half_period);
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

protected:
    // A write takes effect a few cycles after the last edge.
    void after_access() { pass(12); }

private:
    bool acknowledge_ = false, acknowledged_ = false, idle_ = false;

    void pass(int count) {
        while (count-- > 0) cycle();
    }

    bool wait_acknowledge(bool level, uint64_t limit) {
        const uint64_t end = cycles + limit;
        do {
            if (cycles >= end) return false;
            cycle();
        } while (acknowledged_ != level);
        return true;
    }

    void stalled_pass(int count) {
        do {
            pass(count);
        } while (access_stall.draw());
    }
};
