  // Pins of tinyODIN and ODIN.

  wire output_request = AEROUT_REQ;
  wire [31:0] output_word = AEROUT_ADDR;
  reg output_acknowledge;
  always @(output_acknowledge) AEROUT_ACK = output_acknowledge;

  task set_clock(input level);
    CLK = level;
  endtask

  task set_event(input [31:0] word);
    AERIN_ADDR = word;
  endtask

  // A transaction: address word and data word, at a quarter of the clock.
  task transact(input [31:0] address_word, input [31:0] data_word);
    begin
      shift(address_word, SPI_BITS, 2);
      shift(data_word, SPI_BITS, 2);
      pass(14);
    end
  endtask

  task write_register(input [31:0] number, input [31:0] content);
    transact(32'd1 << (SPI_BITS - 2) | number, content);
  endtask

  task access_byte(input write, input [7:0] memory, input [31:0] word, input [7:0] number, input [7:0] byte_data);
    transact((write ? 32'd1 : 32'd2) << (SPI_BITS - 2) | memory << (SPI_BITS - 4)
             | number << (memory == 8'd1 ? (SPI_BITS - 4) / 2 : SPI_BITS - 7) | word,
             byte_data);
  endtask
