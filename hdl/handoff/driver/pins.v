  // Driver of four-phase address-event buses and of SPI in mode 0.

  // Clock cycles without a handshake after which none is under way.
  localparam QUIET = 32;

  reg acknowledged, resetting;
  integer quiet, bit_number;

  task observe;
    begin
      acknowledged = event_acknowledge;
      quiet = quiet + 1;
      if (!resetting) begin
        defined(output_request);
        defined(acknowledged);
        // The receiver of output words works beside whatever else is going on.
        if (output_request !== output_acknowledge) begin
          quiet = 0;
          output_acknowledge = output_request;
          if (output_request) take_word(output_word);
        end
      end
    end
  endtask

  task start;
    begin
      quiet = 0;
      output_acknowledge = 1'b0;
      resetting = 1'b1;
      set_reset(1'b1);
      pass(4);
      set_reset(1'b0);
      resetting = 1'b0;
      pass(4);
    end
  endtask

  task send(input [31:0] word);
    begin
      set_event(word);
      set_event_request(1'b1);
      cycle;
      while (!acknowledged) cycle;
      set_event_request(1'b0);
      cycle;
      while (acknowledged) cycle;
    end
  endtask

  // No pin says that the core is at rest.
  task settle(input [31:0] enough);
    begin
      waited = -enough;
      pass(enough);
      while (quiet < QUIET) cycle;
    end
  endtask

  // Shift a word out, most significant bit first, and one in.
  task shift(input [31:0] word, input integer bits, input integer half_period);
    begin
      value = 32'd0;
      for (bit_number = bits - 1; bit_number >= 0; bit_number = bit_number - 1) begin
        MOSI = word[bit_number];
        pass(half_period);
        value = {value[30:0], MISO};
        SCK = 1'b1;
        pass(half_period);
        SCK = 1'b0;
      end
    end
  endtask
