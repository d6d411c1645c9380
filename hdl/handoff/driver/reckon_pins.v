  // Pins of ReckOn.

  wire output_request = OUT_REQ;
  wire [31:0] output_word = OUT_DATA;
  reg output_acknowledge;
  always @(output_acknowledge) OUT_ACK = output_acknowledge;

  task set_clock(input level);
    CLK_EXT = level;
  endtask

  task set_event(input [31:0] word);
    begin
      AERIN_ADDR = word;
      AERIN_TAR_EN = word[EVENT_ADDRESS_BITS];
    end
  endtask

  // A transaction of one data word: a read at an eighth of the clock, a write at a quarter.
  task access_chunk(input write, input [7:0] memory, input [15:0] address, input [31:0] content);
    begin
      shift({!write, memory[2:0], 12'd1, address}, 32, write ? 2 : 4);
      shift(content, 32, write ? 2 : 4);
      pass(14);
    end
  endtask

  task hold(input [31:0] number, input level);
    begin
      case (number)
        32'd0: SAMPLE = level;
        32'd1: TARGET_VALID = level;
        default: INFER_ACC = level;
      endcase
      pass(4);
    end
  endtask

  task time_step;
    begin
      TIME_TICK = 1'b1;
      pass(4);
      TIME_TICK = 1'b0;
      pass(8);
      while (TIMING_ERROR_RDY !== 1'b1) cycle;
      checks = checks + 1;
    end
  endtask
