// Speaks the published pins: four-phase address-event buses and SPI.
#pragma once

#include "harness.h"

class Host {
public:
    Model model;
    uint64_t cycles = 0;
    std::vector<uint64_t> outputs;
    Stall event_stall, output_stall, access_stall;

    // One cycle; the receiver on the output bus works beside whatever else is going on.
    void cycle() {
        model.sample();
        acknowledged_ = model.AERIN_ACK();
        idle_ = model.IDLE() && !model.AEROUT_REQ() && !acknowledge_;
        if (model.AEROUT_REQ() != acknowledge_ && !output_stall.draw()) {
            acknowledge_ = !acknowledge_;
            if (acknowledge_) outputs.push_back(model.AEROUT_ADDR());
        }
        model.edge();
        model.set_AEROUT_ACK(acknowledge_);
        cycles++;
    }

    void reset() {
        model.set_RST(1);
        for (int i = 0; i < 4; i++) cycle();
        model.set_RST(0);
        for (int i = 0; i < 4; i++) cycle();
        outputs.clear();
    }

    int64_t send(const uint64_t *words, int64_t count, uint64_t limit) {
        for (int64_t i = 0; i < count; i++) {
            while (event_stall.draw()) cycle();
            model.set_AERIN_ADDR(words[i]);
            model.set_AERIN_REQ(1);
            const bool taken = wait_acknowledge(true, limit);
            while (event_stall.draw()) cycle();
            model.set_AERIN_REQ(0);
            if (!taken || !wait_acknowledge(false, limit)) return TIMED_OUT;
        }
        return count;
    }

    // A transaction of 2 x (address bits + 4) SPI clocks, at a quarter of the core's clock or, with
    // stalls, slower. Returns what was shifted out during the data word.
    int64_t spi(uint64_t address, uint64_t data) {
        uint64_t back = 0;
        for (int i = 0; i < 2 * Model::FRAME_BITS; i++) {
            const uint64_t word = i < Model::FRAME_BITS ? address : data;
            model.set_MOSI((word >> (Model::FRAME_BITS - 1 - i % Model::FRAME_BITS)) & 1);
            half_period();
            back = back << 1 | model.MISO();
            model.set_SCK(1);
            half_period();
            model.set_SCK(0);
        }
        half_period();
        return back & ((uint64_t(1) << Model::FRAME_BITS) - 1);
    }

    int64_t access(const Access *requests, int64_t count, uint8_t *bytes, uint64_t) {
        for (int64_t i = 0; i < count; i++) {
            const uint64_t address = Model::spi_address(requests[i]);
            bytes[i] = spi(address, requests[i].target == 0
                                        ? requests[i].data
                                        : requests[i].mask << 8 | requests[i].data) & 255;
            // A write takes effect a few cycles after the last edge.
            for (int wait = 0; wait < 12; wait++) cycle();
        }
        return count;
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
    bool acknowledge_ = false, acknowledged_ = false, idle_ = false;

    bool wait_acknowledge(bool level, uint64_t limit) {
        const uint64_t end = cycles + limit;
        do {
            if (cycles >= end) return false;
            cycle();
        } while (acknowledged_ != level);
        return true;
    }

    void half_period() {
        do {
            cycle();
            cycle();
        } while (access_stall.draw());
    }
};
