  // Registers, as memory 0.

  task write_register(input [31:0] number, input [31:0] content);
    access_unit(1'b1, 8'd0, number, 8'd0, content);
  endtask

  task read_register(input [31:0] number);
    begin
      access_unit(1'b0, 8'd0, number, 8'd0, 32'd0);
      read_value = value;
    end
  endtask
