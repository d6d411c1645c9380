  // The core has no time steps.

  task hold(input [31:0] number, input level);
    begin
      $display("there is no input %0d to be held at %b", number, level);
      fail;
    end
  endtask

  task time_step;
    begin
      $display("there are no time steps");
      fail;
    end
  endtask
