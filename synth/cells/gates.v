// Gates and flip-flops of one bit, as yosys makes them of a Liberty file's functions, in terms of the cells
// that the engines know. A map for techmap.
module \$_NOT_ (input A, output Y);
    assign Y = ~A;
endmodule

module \$_AND_ (input A, B, output Y);
    assign Y = A & B;
endmodule

module \$_ANDNOT_ (input A, B, output Y);
    assign Y = A & ~B;
endmodule

module \$_OR_ (input A, B, output Y);
    assign Y = A | B;
endmodule

module \$_ORNOT_ (input A, B, output Y);
    assign Y = A | ~B;
endmodule

module \$_XOR_ (input A, B, output Y);
    assign Y = A ^ B;
endmodule

module \$_DFF_P_ (input C, D, output Q);
    \$dff #(.WIDTH(1), .CLK_POLARITY(1'b1)) _TECHMAP_REPLACE_ (.CLK(C), .D(D), .Q(Q));
endmodule

module \$_DFF_N_ (input C, D, output Q);
    \$dff #(.WIDTH(1), .CLK_POLARITY(1'b0)) _TECHMAP_REPLACE_ (.CLK(C), .D(D), .Q(Q));
endmodule

// Clock and reset are active high (P) or low (N), and the reset value is 0 or 1, as the name says.
(* techmap_celltype = "$_DFF_[NP][NP][01]_" *)
module _asynchronous_reset (input C, R, D, output Q);
    parameter _TECHMAP_CELLTYPE_ = "";
    \$adff #(
        .WIDTH(1),
        .CLK_POLARITY(_TECHMAP_CELLTYPE_[31:24] == "P"),
        .ARST_POLARITY(_TECHMAP_CELLTYPE_[23:16] == "P"),
        .ARST_VALUE(_TECHMAP_CELLTYPE_[15:8] == "1")
    ) _TECHMAP_REPLACE_ (.CLK(C), .ARST(R), .D(D), .Q(Q));
endmodule
