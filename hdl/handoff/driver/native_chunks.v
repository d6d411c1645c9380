  // Access port that reaches memories in chunks of 32 bits, and time steps.

  task access_chunk(input write, input [7:0] memory, input [15:0] address, input [31:0] content);
    begin
      access__request__payload = {content, address, memory[2:0], write};
      request;
    end
  endtask

  task hold(input [31:0] number, input level);
    case (number)
      32'd0: sample = level;
      32'd1: target_valid = level;
      default: infer_accumulate = level;
    endcase
  endtask

  task time_step;
    begin
      tick = 1'b1;
      cycle;
      tick = 1'b0;
      cycle;
      while (!at_rest) cycle;
      checks = checks + 1;
      if (ready !== 1'b1) begin
        $display("session[%0d]: not ready after a time step", place);
        fail;
      end
    end
  endtask
