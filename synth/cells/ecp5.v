// Behavioural model of the 18 kbit dual-port RAM of ECP5 (Lattice FPGA-TN-02204).
//
// Two ports of 1, 2, 4, 9 or 18 bits with byte enables at 18 bits (on the low address bits), or one
// write port (A) and one read port (B) of up to 36 bits, with byte enables. A word has bytes of nine
// bits, of which ports narrower than nine use eight. What is read from a word while the other port
// writes it is the old contents, though the documentation leaves it undefined. Without the optional
// output registers. yosys has this cell as a black box only; its other cells are its own.
module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
        DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA0, CSA1, CSA2,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
        DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB0, CSB1, CSB2,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18;
    parameter DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA";
    parameter CLKBMUX = "CLKB";
    parameter GSR = "ENABLED";
    parameter INIT_DATA = "STATIC";
    parameter [319:0] INITVAL_00 = 320'b0;
    parameter [319:0] INITVAL_01 = 320'b0;
    parameter [319:0] INITVAL_02 = 320'b0;
    parameter [319:0] INITVAL_03 = 320'b0;
    parameter [319:0] INITVAL_04 = 320'b0;
    parameter [319:0] INITVAL_05 = 320'b0;
    parameter [319:0] INITVAL_06 = 320'b0;
    parameter [319:0] INITVAL_07 = 320'b0;
    parameter [319:0] INITVAL_08 = 320'b0;
    parameter [319:0] INITVAL_09 = 320'b0;
    parameter [319:0] INITVAL_0A = 320'b0;
    parameter [319:0] INITVAL_0B = 320'b0;
    parameter [319:0] INITVAL_0C = 320'b0;
    parameter [319:0] INITVAL_0D = 320'b0;
    parameter [319:0] INITVAL_0E = 320'b0;
    parameter [319:0] INITVAL_0F = 320'b0;
    parameter [319:0] INITVAL_10 = 320'b0;
    parameter [319:0] INITVAL_11 = 320'b0;
    parameter [319:0] INITVAL_12 = 320'b0;
    parameter [319:0] INITVAL_13 = 320'b0;
    parameter [319:0] INITVAL_14 = 320'b0;
    parameter [319:0] INITVAL_15 = 320'b0;
    parameter [319:0] INITVAL_16 = 320'b0;
    parameter [319:0] INITVAL_17 = 320'b0;
    parameter [319:0] INITVAL_18 = 320'b0;
    parameter [319:0] INITVAL_19 = 320'b0;
    parameter [319:0] INITVAL_1A = 320'b0;
    parameter [319:0] INITVAL_1B = 320'b0;
    parameter [319:0] INITVAL_1C = 320'b0;
    parameter [319:0] INITVAL_1D = 320'b0;
    parameter [319:0] INITVAL_1E = 320'b0;
    parameter [319:0] INITVAL_1F = 320'b0;
    parameter [319:0] INITVAL_20 = 320'b0;
    parameter [319:0] INITVAL_21 = 320'b0;
    parameter [319:0] INITVAL_22 = 320'b0;
    parameter [319:0] INITVAL_23 = 320'b0;
    parameter [319:0] INITVAL_24 = 320'b0;
    parameter [319:0] INITVAL_25 = 320'b0;
    parameter [319:0] INITVAL_26 = 320'b0;
    parameter [319:0] INITVAL_27 = 320'b0;
    parameter [319:0] INITVAL_28 = 320'b0;
    parameter [319:0] INITVAL_29 = 320'b0;
    parameter [319:0] INITVAL_2A = 320'b0;
    parameter [319:0] INITVAL_2B = 320'b0;
    parameter [319:0] INITVAL_2C = 320'b0;
    parameter [319:0] INITVAL_2D = 320'b0;
    parameter [319:0] INITVAL_2E = 320'b0;
    parameter [319:0] INITVAL_2F = 320'b0;
    parameter [319:0] INITVAL_30 = 320'b0;
    parameter [319:0] INITVAL_31 = 320'b0;
    parameter [319:0] INITVAL_32 = 320'b0;
    parameter [319:0] INITVAL_33 = 320'b0;
    parameter [319:0] INITVAL_34 = 320'b0;
    parameter [319:0] INITVAL_35 = 320'b0;
    parameter [319:0] INITVAL_36 = 320'b0;
    parameter [319:0] INITVAL_37 = 320'b0;
    parameter [319:0] INITVAL_38 = 320'b0;
    parameter [319:0] INITVAL_39 = 320'b0;
    parameter [319:0] INITVAL_3A = 320'b0;
    parameter [319:0] INITVAL_3B = 320'b0;
    parameter [319:0] INITVAL_3C = 320'b0;
    parameter [319:0] INITVAL_3D = 320'b0;
    parameter [319:0] INITVAL_3E = 320'b0;
    parameter [319:0] INITVAL_3F = 320'b0;
    localparam [20479:0] INITIAL = {
        INITVAL_3F,
        INITVAL_3E,
        INITVAL_3D,
        INITVAL_3C,
        INITVAL_3B,
        INITVAL_3A,
        INITVAL_39,
        INITVAL_38,
        INITVAL_37,
        INITVAL_36,
        INITVAL_35,
        INITVAL_34,
        INITVAL_33,
        INITVAL_32,
        INITVAL_31,
        INITVAL_30,
        INITVAL_2F,
        INITVAL_2E,
        INITVAL_2D,
        INITVAL_2C,
        INITVAL_2B,
        INITVAL_2A,
        INITVAL_29,
        INITVAL_28,
        INITVAL_27,
        INITVAL_26,
        INITVAL_25,
        INITVAL_24,
        INITVAL_23,
        INITVAL_22,
        INITVAL_21,
        INITVAL_20,
        INITVAL_1F,
        INITVAL_1E,
        INITVAL_1D,
        INITVAL_1C,
        INITVAL_1B,
        INITVAL_1A,
        INITVAL_19,
        INITVAL_18,
        INITVAL_17,
        INITVAL_16,
        INITVAL_15,
        INITVAL_14,
        INITVAL_13,
        INITVAL_12,
        INITVAL_11,
        INITVAL_10,
        INITVAL_0F,
        INITVAL_0E,
        INITVAL_0D,
        INITVAL_0C,
        INITVAL_0B,
        INITVAL_0A,
        INITVAL_09,
        INITVAL_08,
        INITVAL_07,
        INITVAL_06,
        INITVAL_05,
        INITVAL_04,
        INITVAL_03,
        INITVAL_02,
        INITVAL_01,
        INITVAL_00
    };

    // 512 words of four bytes.
    reg [35:0] words [0:511];
    integer i;
    initial
        for (i = 0; i < 512; i = i + 1)
            words[i] = {INITIAL[40 * i + 20 +: 18], INITIAL[40 * i +: 18]};

    // Bits a port reaches at an address, as if the address were zero.
    function [35:0] reach(input integer width);
        reach = 36'hfffffffff >> (36 - width);
    endfunction

    // How far from bit 0 of the word the port's bits are.
    function [5:0] offset(input integer width, input [4:0] address);
        case (width)
            1: offset = 9 * address[4:3] + address[2:0];
            2: offset = 9 * address[4:3] + 2 * address[2:1];
            4: offset = 9 * address[4:3] + 4 * address[2];
            9: offset = 9 * address[4:3];
            18: offset = 18 * address[4];
            default: offset = 0;
        endcase
    endfunction

    // Bytes that are written.
    function [35:0] enabled(input integer width, input [3:0] bytes);
        case (width)
            18: enabled = {18'b0, {9{bytes[1]}}, {9{bytes[0]}}};
            36: enabled = {{9{bytes[3]}}, {9{bytes[2]}}, {9{bytes[1]}}, {9{bytes[0]}}};
            default: enabled = 36'hfffffffff;
        endcase
    endfunction

    // Port A
    wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4,
        ADA3, ADA2, ADA1, ADA0};
    wire [5:0] offset_a = offset(DATA_WIDTH_A, address_a[4:0]);
    wire [35:0] reach_a =
        (reach(DATA_WIDTH_A) & enabled(DATA_WIDTH_A, address_a[3:0])) << offset_a;
    wire [35:0] data_a = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
            DIB4, DIB3, DIB2, DIB1, DIB0,
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
            DIA4, DIA3, DIA2, DIA1, DIA0
    } << offset_a;
    wire clock_a = (CLKAMUX == "INV") ^ CLKA;
    wire active_a = CEA && {CSA2, CSA1, CSA0} == select(CSDECODE_A);
    wire write_a = active_a && WEA && !(RESETMODE == "SYNC" && RSTA);
    wire [35:0] old_a = words[address_a[13:5]];
    wire [35:0] new_a = (old_a & ~reach_a) | (data_a & reach_a);
    wire [35:0] next_a =
        (write_a && WRITEMODE_A == "WRITETHROUGH" ? new_a : old_a) >> offset_a;
    wire read_a = active_a && !(write_a && WRITEMODE_A == "NORMAL");
    reg [35:0] out_a;
    integer bit_a;
    always @(posedge clock_a)
        for (bit_a = 0; bit_a < 36; bit_a = bit_a + 1)
            if (write_a && reach_a[bit_a])
                words[address_a[13:5]][bit_a] <= data_a[bit_a];
    generate
        if (RESETMODE == "SYNC") begin
            always @(posedge clock_a)
                if (RSTA) out_a <= 36'b0;
                else if (read_a) out_a <= next_a;
        end else begin
            always @(posedge clock_a, posedge RSTA)
                if (RSTA) out_a <= 36'b0;
                else if (read_a) out_a <= next_a;
        end
    endgenerate

    // Port B
    wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4,
        ADB3, ADB2, ADB1, ADB0};
    wire [5:0] offset_b = offset(DATA_WIDTH_B, address_b[4:0]);
    wire [35:0] reach_b =
        (reach(DATA_WIDTH_B) & enabled(DATA_WIDTH_B, address_b[3:0])) << offset_b;
    wire [35:0] data_b = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
            DIB4, DIB3, DIB2, DIB1, DIB0,
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
            DIB4, DIB3, DIB2, DIB1, DIB0
    } << offset_b;
    wire clock_b = (CLKBMUX == "INV") ^ CLKB;
    wire active_b = CEB && {CSB2, CSB1, CSB0} == select(CSDECODE_B);
    wire write_b = active_b && WEB && !(RESETMODE == "SYNC" && RSTB);
    wire [35:0] old_b = words[address_b[13:5]];
    wire [35:0] new_b = (old_b & ~reach_b) | (data_b & reach_b);
    wire [35:0] next_b =
        (write_b && WRITEMODE_B == "WRITETHROUGH" ? new_b : old_b) >> offset_b;
    wire read_b = active_b && !(write_b && WRITEMODE_B == "NORMAL");
    reg [35:0] out_b;
    integer bit_b;
    always @(posedge clock_b)
        for (bit_b = 0; bit_b < 36; bit_b = bit_b + 1)
            if (write_b && reach_b[bit_b])
                words[address_b[13:5]][bit_b] <= data_b[bit_b];
    generate
        if (RESETMODE == "SYNC") begin
            always @(posedge clock_b)
                if (RSTB) out_b <= 36'b0;
                else if (read_b) out_b <= next_b;
        end else begin
            always @(posedge clock_b, posedge RSTB)
                if (RSTB) out_b <= 36'b0;
                else if (read_b) out_b <= next_b;
        end
    endgenerate

    function [2:0] select(input [39:0] code);
        // The text "0bxyz".
        select = {code[16], code[8], code[0]};
    endfunction

    // A read port of 36 bits has its low half at port A, which only writes then.
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6,
        DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} =
        DATA_WIDTH_B == 36 ? out_b[17:0] : out_a[17:0];
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6,
        DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} =
        DATA_WIDTH_B == 36 ? out_b[35:18] : out_b[17:0];
endmodule
