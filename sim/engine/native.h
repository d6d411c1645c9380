// Speaks the native interface: streams of events and output words, and the access port.
#pragma once

#include "harness.h"

class Host {
public:
    Model model;
    uint64_t cycles = 0;
    std::vector<uint64_t> outputs[Model::OUTPUTS];
    Stall event_stall, output_stall, access_stall;

    void cycle() {
        bool ready[Model::OUTPUTS];
        for (int s = 0; s < Model::OUTPUTS; s++) {
            ready[s] = !output_stall.draw();
            model.set_ready(s, ready[s]);
        }
        model.sample();
        for (int s = 0; s < Model::OUTPUTS; s++)
            if (ready[s] && model.valid(s)) outputs[s].push_back(model.payload(s));
        for (int s = 0; s < Model::INPUTS; s++) event_taken_[s] = model.taken(s);
        request_taken_ = model.request_taken(0);
        value_ = model.access_data(0);
        idle_ = model.is_idle(0);
        model.edge();
        cycles++;
    }

    void reset() {
        model.set_reset(0, 1);
        for (int i = 0; i < 4; i++) cycle();
        model.set_reset(0, 0);
        for (auto &words : outputs) words.clear();
        cycle();
    }

    int64_t send(int stream, const uint64_t *words, int64_t count, uint64_t limit) {
        for (int64_t i = 0; i < count; i++) {
            while (event_stall.draw()) cycle();
            model.set_payload(stream, words[i]);
            model.set_valid(stream, 1);
            const uint64_t end = cycles + limit;
            do {
                if (cycles >= end) {
                    model.set_valid(stream, 0);
                    return TIMED_OUT;
                }
                cycle();
            } while (!event_taken_[stream]);
            model.set_valid(stream, 0);
        }
        return count;
    }

    // Requests are ready for the access port.
    int64_t access(const uint64_t *requests, int64_t count, uint64_t *values, uint64_t limit) {
        for (int64_t i = 0; i < count; i++) {
            while (access_stall.draw()) cycle();
            model.set_request(0, requests[i]);
            model.set_request_valid(0, 1);
            const uint64_t end = cycles + limit;
            do {
                if (cycles >= end) {
                    model.set_request_valid(0, 0);
                    return TIMED_OUT;
                }
                cycle();
            } while (!request_taken_);
            values[i] = value_;
            model.set_request_valid(0, 0);
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
    void spi(const uint64_t *, int64_t, int64_t, uint64_t *, int, int) {}

private:
    bool event_taken_[Model::INPUTS] = {}, request_taken_ = false, idle_ = false;
    uint64_t value_ = 0;
};
