  // AXI4-Lite transfers and AXI4-Streams.

  reg address_taken, data_taken, event_taken, answered, refused;

  task set_clock(input level);
    aclk = level;
  endtask

  task observe;
    begin
      address_taken = s_axi_awready | s_axi_arready;
      data_taken = s_axi_wready;
      event_taken = s_axis_tready;
      answered = s_axi_bvalid | s_axi_rvalid;
      refused = s_axi_bvalid ? s_axi_bresp != 2'b00 : s_axi_rresp != 2'b00;
      if (s_axi_rvalid) value = s_axi_rdata;
      if (aresetn) begin
        defined(answered);
        defined(m_axis_tvalid);
        if (m_axis_tvalid && !m_axis_tlast) take_word(m_axis_tdata);
      end
    end
  endtask

  task reset;
    begin
      aresetn = 1'b0;
      m_axis_tready = 1'b1;
      pass(4);
      aresetn = 1'b1;
      cycle;
    end
  endtask

  task answer(input [31:0] offset);
    begin
      while (!answered) cycle;
      s_axi_bready = 1'b0;
      s_axi_rready = 1'b0;
      if (refused) begin
        $display("vectors[%0d]: refused at offset %h", place, offset);
        fail;
      end
    end
  endtask

  task bus_write(input [31:0] offset, input [31:0] content);
    begin
      s_axi_awaddr = offset;
      s_axi_wdata = content;
      s_axi_wstrb = 4'b1111;
      s_axi_awvalid = 1'b1;
      s_axi_wvalid = 1'b1;
      s_axi_bready = 1'b1;
      while (s_axi_awvalid || s_axi_wvalid) begin
        cycle;
        if (address_taken) s_axi_awvalid = 1'b0;
        if (data_taken) s_axi_wvalid = 1'b0;
      end
      answer(offset);
    end
  endtask

  task bus_read(input [31:0] offset);
    begin
      s_axi_araddr = offset;
      s_axi_arvalid = 1'b1;
      s_axi_rready = 1'b1;
      cycle;
      while (!address_taken) cycle;
      s_axi_arvalid = 1'b0;
      answer(offset);
    end
  endtask

  task send(input [31:0] word);
    begin
      reachable = 1'b0;
      s_axis_tdata = word;
      s_axis_tlast = 1'b0;
      s_axis_tvalid = 1'b1;
      cycle;
      while (!event_taken) cycle;
      s_axis_tvalid = 1'b0;
    end
  endtask

  // Output words come by themselves; wait until none is under way.
  task take_waiting;
    begin
      bus_read(STATUS);
      while (value & OUTPUT_WAITS) bus_read(STATUS);
    end
  endtask
