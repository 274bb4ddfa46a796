export function docstringFaults(
  name: string,
  statements: readonly { readonly source: string }[],
  file: string,
  codes: readonly string[],
): readonly string[];
