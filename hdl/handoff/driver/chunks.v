  // Chunks of memory words at addresses of their own.

  task write_chunk(input [7:0] memory, input [31:0] word, input [7:0] number, input [31:0] content);
    access_unit(1'b1, memory, word, number, content);
  endtask

  task read_chunk(input [7:0] memory, input [31:0] word, input [7:0] number);
    begin
      access_unit(1'b0, memory, word, number, 32'd0);
      read_value = value;
    end
  endtask
