  // Driver of the streams of the native interface.

  reg event_taken, request_taken, at_rest;

  task set_clock(input level);
    clk = level;
  endtask

  task observe;
    begin
      if (!rst) begin
        defined(output__valid);
        defined(idle);
      end
      event_taken = events__ready;
      request_taken = access__request__ready;
      value = access__data;
      at_rest = idle;
      if (!rst && output__valid) take_word(output__payload);
    end
  endtask

  task start;
    begin
      rst = 1'b1;
      output__ready = 1'b1;
      pass(4);
      rst = 1'b0;
      cycle;
    end
  endtask

  task send(input [31:0] word);
    begin
      events__payload = word;
      events__valid = 1'b1;
      cycle;
      while (!event_taken) cycle;
      events__valid = 1'b0;
    end
  endtask

  // Carry out the request that is set up.
  task request;
    begin
      access__request__valid = 1'b1;
      cycle;
      while (!request_taken) cycle;
      access__request__valid = 1'b0;
    end
  endtask

  // The core says itself when it is at rest.
  task settle(input [31:0] enough);
    begin
      cycle;
      while (!at_rest) cycle;
    end
  endtask
