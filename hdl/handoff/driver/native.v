  // Driver of the streams of the native interface.

  reg event_taken, request_taken, at_rest;

  task set_clock(input level);
    clk = level;
  endtask

  task observe;
    begin
      if (!rst) begin
        defined(output_valid);
        defined(idle);
      end
      event_taken = events_ready;
      request_taken = access_request_ready;
      value = access_data;
      at_rest = idle;
      if (!rst && output_valid) take_word(output_payload);
    end
  endtask

  task start;
    begin
      rst = 1'b1;
      output_ready = 1'b1;
      pass(4);
      rst = 1'b0;
      cycle;
    end
  endtask

  task send(input [31:0] word);
    begin
      events_payload = word;
      events_valid = 1'b1;
      cycle;
      while (!event_taken) cycle;
      events_valid = 1'b0;
    end
  endtask

  // Carry out the request that is set up.
  task request;
    begin
      access_request_valid = 1'b1;
      cycle;
      while (!request_taken) cycle;
      access_request_valid = 1'b0;
    end
  endtask

  // The core says itself when it is at rest.
  task settle(input [31:0] enough);
    begin
      cycle;
      while (!at_rest) cycle;
    end
  endtask
