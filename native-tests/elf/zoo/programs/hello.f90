program hello
  print '(a, i0)', 'hello ', command_argument_count()
  call exit(7)
end program
