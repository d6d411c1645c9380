// Speaks the published pins of ReckOn.
#pragma once

#include "pins.h"

struct ReckonPins {
    static constexpr int SPI_BITS = 32;

    static bool output_request(const Model &model) { return model.OUT_REQ(); }
    static uint64_t output_word(const Model &model) { return model.OUT_DATA(); }
    static void acknowledge(Model &model, bool level) { model.set_OUT_ACK(level); }
    static void set_event(Model &model, uint64_t word) {
        model.set_AERIN_ADDR(word & ((uint64_t(1) << Model::EVENT_ADDRESS_BITS) - 1));
        model.set_AERIN_TAR_EN(word >> Model::EVENT_ADDRESS_BITS & 1);
    }
};

class Host : public PinsHost<ReckonPins> {
public:
    // Each access is a transaction of one data word: a read at an eighth of the core's clock, as the
    // published chip needs, a write at a quarter.
    int64_t access(const Access *requests, int64_t count, uint32_t *values, uint64_t) {
        for (int64_t i = 0; i < count; i++) {
            const Access &a = requests[i];
            const uint64_t header = uint64_t(!a.write) << 31 | a.target << 28 | 1 << 16 | a.address;
            const uint64_t words[] = {header, a.write ? a.data : 0};
            uint64_t back[2];
            spi(words, 2, back, a.write ? 2 : 4);
            values[i] = back[1];
            after_access();
        }
        return count;
    }
};
