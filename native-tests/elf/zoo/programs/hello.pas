{$mode objfpc}
uses sysutils;
begin
  try
    raise Exception.Create('thrown');
  except
    on caught: Exception do writeln('hello ', paramcount, ' ', caught.message);
  end;
  halt(7);
end.
