  // Chunks of memory words, byte by byte.

  integer part;

  task write_chunk(input [7:0] memory, input [31:0] word, input [7:0] number, input [31:0] content);
    for (part = 0; part < 4; part = part + 1)
      if (4 * number + part < bytes_of(memory))
        access_unit(1'b1, memory, word, 4 * number + part, (content >> (8 * part)) & 32'hff);
  endtask

  task read_chunk(input [7:0] memory, input [31:0] word, input [7:0] number);
    begin
      read_value = 32'd0;
      for (part = 0; part < 4; part = part + 1)
        if (4 * number + part < bytes_of(memory)) begin
          access_unit(1'b0, memory, word, 4 * number + part, 32'd0);
          read_value = read_value | ((value & 32'hff) << (8 * part));
        end
    end
  endtask
