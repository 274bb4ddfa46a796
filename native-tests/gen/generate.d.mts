export interface GeneratorInputs {
  /** The number table: a row per name, a column per ABI. */
  readonly numbersCsv: string;
  /** The version list: name, version, "note". */
  readonly sinceCsv: string;
  readonly headersJson: string;
  readonly typesJson: string;
}
/** `files` maps a path from the project's root to the text that belongs there. */
export function generate(inputs: GeneratorInputs): {
  readonly files: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
};
