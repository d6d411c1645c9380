// Speaks the published pins of ODIN and tinyODIN.
#pragma once

#include "pins.h"

struct OdinPins {
    static constexpr int SPI_BITS = Model::FRAME_BITS;

    static bool output_request(const Model &model) { return model.AEROUT_REQ(); }
    static uint64_t output_word(const Model &model) { return model.AEROUT_ADDR(); }
    static void acknowledge(Model &model, bool level) { model.set_AEROUT_ACK(level); }
    static void set_event(Model &model, uint64_t word) { model.set_AERIN_ADDR(word); }
};

class Host : public PinsHost<OdinPins> {
public:
    // Each access is a transaction at a quarter of the core's clock.
    int64_t access(const Access *requests, int64_t count, uint32_t *values, uint64_t) {
        for (int64_t i = 0; i < count; i++) {
            const Access &a = requests[i];
            const uint64_t data = a.target == 0 ? a.data : a.mask << 8 | a.data;
            const uint64_t words[] = {Model::spi_address(a), data};
            uint64_t back[2];
            spi(words, 2, back, 2);
            values[i] = back[1] & 255;
            after_access();
        }
        return count;
    }
};
