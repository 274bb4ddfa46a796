/** The build puts in the text of these files. */
declare module '*.jsonc' {
  const text: string;
  export default text;
}
