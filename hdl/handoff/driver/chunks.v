  // Chunks of memory words at addresses of their own; target 0 are the registers.

  task write_register(input [31:0] number, input [31:0] content);
    access_chunk(1'b1, 8'd0, number, content);
  endtask

  task write_chunk(input [7:0] memory, input [31:0] word, input [7:0] number, input [31:0] content);
    access_chunk(1'b1, memory, (word << chunk_bits(memory)) + number, content);
  endtask

  task read_chunk(input [7:0] memory, input [31:0] word, input [7:0] number);
    begin
      access_chunk(1'b0, memory, (word << chunk_bits(memory)) + number, 32'd0);
      read_value = value;
    end
  endtask
