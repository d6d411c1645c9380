// Behavioural model of the 256 kbit single-port RAM of iCE40 UltraPlus (Lattice TN1314).
//
// 16384 words of 16 bits, written by nibbles. What DATAOUT is after a write cycle is undefined; here
// it is the complement of what it was, so that a design that relies on it fails. Power-down inputs
// are not modelled. The other cells of the family are those of yosys.
module SB_SPRAM256KA (
    input [13:0] ADDRESS,
    input [15:0] DATAIN,
    input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF,
    output reg [15:0] DATAOUT
);
    reg [15:0] words [0:16383];

    always @(posedge CLOCK)
        if (CHIPSELECT) begin
            if (WREN) begin
                if (MASKWREN[0]) words[ADDRESS][3:0] <= DATAIN[3:0];
                if (MASKWREN[1]) words[ADDRESS][7:4] <= DATAIN[7:4];
                if (MASKWREN[2]) words[ADDRESS][11:8] <= DATAIN[11:8];
                if (MASKWREN[3]) words[ADDRESS][15:12] <= DATAIN[15:12];
                DATAOUT <= ~DATAOUT;
            end else
                DATAOUT <= words[ADDRESS];
        end
endmodule
