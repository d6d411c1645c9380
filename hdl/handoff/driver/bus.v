  // What the bus shells share: everything is at an offset.

  reg [31:0] held;
  // Memories are within reach, as has been seen since the core last had something to do.
  reg reachable;

  task wait_status(input [31:0] bits);
    begin
      bus_read(STATUS);
      while ((value & bits) != bits) begin
        take_waiting;
        bus_read(STATUS);
      end
    end
  endtask

  task start;
    begin
      held = 32'd0;
      reachable = 1'b0;
      reset;
      bus_read(IDENTITY_OFFSET);
      compare(value, IDENTITY, "identity");
    end
  endtask

  task write_register(input [31:0] number, input [31:0] content);
    begin
      bus_write(REGISTERS + 4 * number, content);
      reachable = 1'b0;
    end
  endtask

  task read_register(input [31:0] number);
    begin
      bus_read(REGISTERS + 4 * number);
      read_value = value;
    end
  endtask

  task reach;
    begin
      if (!reachable) wait_status(IS_GATED | IS_IDLE);
      reachable = 1'b1;
    end
  endtask

  task write_chunk(input [7:0] memory, input [31:0] word, input [7:0] number, input [31:0] content);
    begin
      reach;
      bus_write((memory << WINDOW_BITS) + (word << (2 + chunk_bits(memory))) + 4 * number, content);
    end
  endtask

  task read_chunk(input [7:0] memory, input [31:0] word, input [7:0] number);
    begin
      reach;
      bus_read((memory << WINDOW_BITS) + (word << (2 + chunk_bits(memory))) + 4 * number);
      read_value = value;
    end
  endtask

  task settle(input [31:0] enough);
    begin
      waited = -enough;
      wait_status(IS_SETTLED);
      take_waiting;
    end
  endtask

  task hold(input [31:0] number, input level);
    begin
      held[LEVEL_BIT + number] = level;
      bus_write(CONTROL, held);
    end
  endtask

  task time_step;
    begin
      reachable = 1'b0;
      wait_status(IS_SETTLED);
      bus_write(CONTROL, held | DO_TICK);
      wait_status(IS_IDLE);
    end
  endtask
