// Plays operations from a file to a core behind the published pins and checks every answer.
// Each operation is {code, first, second}, 24 bits each:
//   1 SPI transaction of address `first` and data `second`
//   2 the same, and the byte read must be `second[7:0]` (the data word is zero)
//   3 input event `first`
//   4 wait until nothing has happened for QUIET cycles
//   5 the next output word must be `first`; 6 there must be no further output word
//   0 end
`timescale 1ns/1ps
module bench;
  parameter OPERATIONS = 1;
  parameter QUIET = 1000;
  reg CLK = 0, RST = 1, SCK = 0, MOSI = 0, AERIN_REQ = 0, AEROUT_ACK = 0;
  reg [9:0] AERIN_ADDR = 0;
  wire MISO, AERIN_ACK, AEROUT_REQ, SCHED_FULL;
  wire [7:0] AEROUT_ADDR;
  always #2 CLK = ~CLK;

  tinyODIN #(.N(16), .M(4)) dut (
    .CLK(CLK), .RST(RST), .SCK(SCK), .MOSI(MOSI), .MISO(MISO), .AERIN_ADDR(AERIN_ADDR),
    .AERIN_REQ(AERIN_REQ), .AERIN_ACK(AERIN_ACK), .AEROUT_ADDR(AEROUT_ADDR),
    .AEROUT_REQ(AEROUT_REQ), .AEROUT_ACK(AEROUT_ACK), .SCHED_FULL(SCHED_FULL));

  reg [71:0] operations [0:OPERATIONS-1];
  reg [7:0] words [0:65535];
  integer sent = 0, taken = 0, quiet = 0, index, bit_index, failures = 0;
  reg [19:0] back;
  reg [23:0] code, first, second;

  // The receiver: takes each word and answers after a few cycles.
  always @(posedge CLK) begin
    quiet <= quiet + 1;
    if (AEROUT_REQ === 1'b1 && !AEROUT_ACK) begin
      words[sent] = AEROUT_ADDR;
      sent = sent + 1;
      AEROUT_ACK <= 1;
      quiet <= 0;
    end else if (AEROUT_REQ === 1'b0 && AEROUT_ACK) begin
      AEROUT_ACK <= 0;
      quiet <= 0;
    end else if (AEROUT_REQ === 1'bx) begin
      $display("AEROUT_REQ is undefined");
      failures = failures + 1;
    end
  end

  task spi(input [19:0] address, input [19:0] data);
    begin
      for (bit_index = 39; bit_index >= 0; bit_index = bit_index - 1) begin
        MOSI = bit_index >= 20 ? address[bit_index - 20] : data[bit_index];
        #25 SCK = 1;
        back = {back[18:0], MISO};
        #25 SCK = 0;
      end
      #60;
    end
  endtask

  initial begin
    $readmemh("operations.hex", operations);
    #50 RST = 0;
    #50;
    code = 1;
    for (index = 0; code != 0; index = index + 1) begin
      {code, first, second} = operations[index];
      case (code)
        1: spi(first[19:0], second[19:0]);
        2: begin
          spi(first[19:0], 20'd0);
          if (back[7:0] !== second[7:0]) begin
            $display("operation %0d: read %h, expected %h", index, back[7:0], second[7:0]);
            failures = failures + 1;
          end
        end
        3: begin
          AERIN_ADDR = first[9:0];
          AERIN_REQ = 1;
          wait (AERIN_ACK === 1'b1);
          #7 AERIN_REQ = 0;
          wait (AERIN_ACK === 1'b0);
          quiet = 0;
        end
        4: wait (quiet > QUIET);
        5: begin
          if (taken >= sent || words[taken] !== first[7:0]) begin
            $display("operation %0d: word %h, expected %h", index, words[taken], first[7:0]);
            failures = failures + 1;
          end
          taken = taken + 1;
        end
        6: if (taken != sent) begin
          $display("operation %0d: %0d words, expected %0d", index, sent, taken);
          failures = failures + 1;
        end
        default: ;
      endcase
    end
    $display("%0d operations, %0d failures", index, failures);
    $finish;
  end
endmodule
