  // The vectors and what came of them.

  reg [87:0] vectors [0:OPERATIONS-1];
  reg [8*1024-1:0] vectors_file;
  reg [7:0] code, space, chunk;
  reg [31:0] index, data;

  // What the driver of the shell has read: from a memory, and at all.
  reg [31:0] read_value, value;

  // Output words, as the driver of the shell has taken them.
  reg [31:0] words [0:WORDS-1];
  integer received, compared;

  integer place, checks, failures, cycles, waited;
  reg failed;

  task fail;
    begin
      failures = failures + 1;
      failed = 1'b1;
    end
  endtask

  task compare(input [31:0] got, input [31:0] expected, input [8*12-1:0] what);
    begin
      checks = checks + 1;
      if (got !== expected) begin
        if (failures < 20)
          $display("vectors[%0d]: %0s %0d.%0d.%0d is %h, expected %h",
                   place, what, space, index, chunk, got, expected);
        fail;
      end
    end
  endtask

  // A signal that says what happens must never be undefined.
  task defined(input value);
    if (value === 1'bx || value === 1'bz) begin
      if (failures < 20) $display("cycle %0d: a handshake is undefined", cycles);
      fail;
    end
  endtask

  task take_word(input [31:0] word);
    begin
      if (received < WORDS) words[received] = word;
      received = received + 1;
    end
  endtask

  task finish;
    if (failed) begin
      $display("FAIL: %0d failures, %0d checks, %0d operations, %0d clock cycles",
               failures, checks, place, cycles);
      $fatal(1);
    end else begin
      $display("PASS: %0d checks, %0d operations, %0d clock cycles", checks, place, cycles);
      $finish;
    end
  endtask

  // One clock cycle. Inputs change while the clock is low; the driver looks at the outputs just before
  // the rising edge.
  task cycle;
    begin
      #4 observe;
      #1 set_clock(1'b1);
      #5 set_clock(1'b0);
      cycles = cycles + 1;
      waited = waited + 1;
      if (waited == LIMIT) begin
        $display("vectors[%0d]: nothing happens for %0d clock cycles", place, LIMIT);
        fail;
        finish;
      end
    end
  endtask

  task pass(input integer count);
    repeat (count) cycle;
  endtask

  initial begin
    received = 0; compared = 0; checks = 0; failures = 0; cycles = 0; waited = 0; place = 0;
    failed = 1'b0;
    if ($value$plusargs("vectors=%s", vectors_file)) $readmemh(vectors_file, vectors);
    else recorded_vectors;
    start;
    code = vectors[0][87:80];
    while (code != 8'd0 && place < OPERATIONS && failures < 20) begin
      {code, space, chunk, index, data} = vectors[place];
      waited = 0;
      case (code)
        8'd0: ;
        8'd1: write_register(index, data);
        8'd2: write_chunk(space, index, chunk, data);
        8'd3: begin
          read_chunk(space, index, chunk);
          compare(read_value, data, "memory word");
        end
        8'd4: send(data);
        8'd5: begin
          settle(index);
          compare(received - compared, data, "word count");
          compared = received - data;
        end
        8'd6: begin
          compare(words[compared], data, "output word");
          compared = compared + 1;
        end
        8'd7: hold(index, data[0]);
        8'd8: time_step;
        8'd9: begin
          read_register(index);
          compare(read_value, data, "register");
        end
        default: begin
          $display("vectors[%0d] is no vector", place);
          fail;
        end
      endcase
      place = place + 1;
    end
    // Vectors that are not there, or end too early, have shown nothing.
    if (place != OPERATIONS) begin
      $display("%0d of %0d operations carried out", place, OPERATIONS);
      fail;
    end
    finish;
  end
