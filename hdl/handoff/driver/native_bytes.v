  // Access port that reaches memories byte by byte.

  task access_byte(input write, input [7:0] memory, input [31:0] word, input [7:0] number, input [7:0] byte_data);
    begin
      access__request__payload = {8'd0, {(DATA_BITS-8){1'b0}}, byte_data, number[BYTE_BITS-1:0],
                                  word[ADDRESS_BITS-1:0], memory[TARGET_BITS-1:0], write};
      request;
    end
  endtask

  task write_register(input [31:0] number, input [31:0] content);
    begin
      access__request__payload = {8'd0, content[DATA_BITS-1:0], {BYTE_BITS{1'b0}},
                                  number[ADDRESS_BITS-1:0], {TARGET_BITS{1'b0}}, 1'b1};
      request;
    end
  endtask
