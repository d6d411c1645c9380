// The C interface of a compiled simulation.
#pragma once

#include <cstring>

extern "C" {

Host *sw_create() {
    Host *host = new Host();
    host->model.start();
    host->reset();
    return host;
}

void sw_destroy(Host *host) { delete host; }

void sw_reset(Host *host) { host->reset(); }

void sw_stall(Host *host, uint64_t seed, unsigned events, unsigned output, unsigned access) {
    host->event_stall.set(3 * seed, events);
    host->output_stall.set(3 * seed + 1, output);
    host->access_stall.set(3 * seed + 2, access);
}

void sw_set(Host *host, int port, uint64_t value) { host->model.set(port, value); }

uint64_t sw_get(Host *host, int port) { return host->model.get(port); }

void sw_step(Host *host, uint64_t count) {
    while (count--) host->cycle();
}

int64_t sw_send(Host *host, int stream, const uint64_t *words, int64_t count, uint64_t limit) {
    return host->send(stream, words, count, limit);
}

int64_t sw_access(Host *host, const uint64_t *requests, int64_t count, uint64_t *values, uint64_t limit) {
    return host->access(requests, count, values, limit);
}

// SPI transactions of `length` words each; `back` gets what was shifted out with each word. `half_period`
// and `settling`, which passes after each, are clock cycles.
void sw_spi(Host *host, const uint64_t *words, int64_t count, int64_t length, uint64_t *back,
            int half_period, int settling) {
    host->spi(words, count, length, back, half_period, settling);
}

// Lets clock cycles pass, one at least, until a port has a value.
int64_t sw_wait(Host *host, int port, uint64_t value, uint64_t limit) {
    const uint64_t end = host->cycles + limit;
    do {
        if (host->cycles >= end) return TIMED_OUT;
        host->cycle();
    } while (host->model.get(port) != value);
    return 0;
}

int64_t sw_settle(Host *host, uint64_t limit) { return host->settle(limit); }

// Moves at most `count` words of an output stream to `words`; returns how many there were.
int64_t sw_outputs(Host *host, int stream, uint64_t *words, int64_t count) {
    std::vector<uint64_t> &outputs = host->outputs[stream];
    const int64_t held = outputs.size();
    const int64_t moved = held < count ? held : count;
    if (moved) std::memcpy(words, outputs.data(), moved * sizeof(uint64_t));
    outputs.erase(outputs.begin(), outputs.begin() + moved);
    return held;
}

uint64_t sw_cycles(Host *host) { return host->cycles; }

#ifdef COUNTERS
// Copies the counts of all counters.
void sw_counts(Host *host, uint64_t *counts) {
    for (const Counter &counter : host->model.counters) {
        std::memcpy(counts, counter.counts, sizeof counter.counts);
        counts += 64;
    }
}
#endif

int sw_wave(Host *host, const char *path) { return host->model.wave(path); }

// Ends the waveforms; returns 0 if all is written, else the number of the system's error.
int sw_end_wave(Host *host) { return host->model.end_wave(); }

}  // extern "C"
