// Speaks the native interface: streams of events and output words, and the access port.
#pragma once

#include "harness.h"

class Host {
public:
    Model model;
    uint64_t cycles = 0;
    std::vector<uint64_t> outputs;
    Stall event_stall, output_stall, access_stall;

    void cycle() {
        const bool ready = !output_stall.draw();
        model.set_output__ready(ready);
        model.sample();
        if (ready && model.output__valid()) outputs.push_back(model.output__payload());
        event_taken_ = model.events__ready();
        access_taken_ = model.access__request__ready();
        value_ = model.access__data();
        idle_ = model.idle();
        model.edge();
        cycles++;
    }

    void reset() {
        model.set_rst(1);
        for (int i = 0; i < 4; i++) cycle();
        model.set_rst(0);
        outputs.clear();
        cycle();
    }

    int64_t send(const uint64_t *words, int64_t count, uint64_t limit) {
        for (int64_t i = 0; i < count; i++) {
            while (event_stall.draw()) cycle();
            model.set_events__payload(words[i]);
            model.set_events__valid(1);
            const uint64_t end = cycles + limit;
            do {
                if (cycles >= end) {
                    model.set_events__valid(0);
                    return TIMED_OUT;
                }
                cycle();
            } while (!event_taken_);
            model.set_events__valid(0);
        }
        return count;
    }

    int64_t access(const Access *requests, int64_t count, uint32_t *values, uint64_t limit) {
        for (int64_t i = 0; i < count; i++) {
            while (access_stall.draw()) cycle();
            model.set_request(requests[i]);
            model.set_access__request__valid(1);
            const uint64_t end = cycles + limit;
            do {
                if (cycles >= end) {
                    model.set_access__request__valid(0);
                    return TIMED_OUT;
                }
                cycle();
            } while (!access_taken_);
            values[i] = value_;
            model.set_access__request__valid(0);
        }
        return count;
    }

    int64_t settle(uint64_t limit) {
        const uint64_t end = cycles + limit;
        do {
            if (cycles >= end) return TIMED_OUT;
            cycle();
        } while (!idle_);
        return 0;
    }

    // There is no SPI here.
    void spi(const uint64_t *, int64_t, uint64_t *, int) {}

private:
    bool event_taken_ = false, access_taken_ = false, idle_ = false;
    uint32_t value_ = 0;
};
