  // Wishbone cycles.

  reg ended, refused;

  task set_clock(input level);
    clk = level;
  endtask

  task observe;
    begin
      ended = wb_ack_o | wb_err_o;
      refused = wb_err_o;
      value = ended ? wb_dat_o : value;
      if (!rst) defined(ended);
    end
  endtask

  task reset;
    begin
      rst = 1'b1;
      pass(4);
      rst = 1'b0;
      cycle;
    end
  endtask

  task bus(input write, input [31:0] offset, input [31:0] content);
    begin
      wb_cyc_i = 1'b1;
      wb_stb_i = 1'b1;
      wb_we_i = write;
      wb_adr_i = offset;
      wb_sel_i = 4'b1111;
      wb_dat_i = content;
      cycle;
      while (!ended) cycle;
      wb_cyc_i = 1'b0;
      wb_stb_i = 1'b0;
      if (refused) begin
        $display("vectors[%0d]: refused at offset %h", place, offset);
        fail;
      end
    end
  endtask

  task bus_write(input [31:0] offset, input [31:0] content);
    bus(1'b1, offset, content);
  endtask

  task bus_read(input [31:0] offset);
    bus(1'b0, offset, 32'd0);
  endtask

  task send(input [31:0] word);
    begin
      reachable = 1'b0;
      wait_status(HAS_SPACE);
      bus_write(EVENT, word);
    end
  endtask

  // Take the output words there are.
  task take_waiting;
    begin
      bus_read(OUTPUT);
      while (!value[31]) begin
        take_word(value);
        bus_read(OUTPUT);
      end
    end
  endtask
