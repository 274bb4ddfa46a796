/** docs/lint.md, from the table. `npm run gen:lint` writes it; a test holds it against this. */
import { CODES, type Code } from '../diag/index.ts';
import { LINTS } from './table.ts';

const HEAD = `# What lint finds

<!-- Written by \`npm run gen:lint\` from src/lint/table.ts; do not edit. -->

<!-- status 1: seccompc lint seccomp.json -->
\`\`\`sh
seccompc lint seccomp.json                     # everything, with the place of each
seccompc lint seccomp.json --level warning     # without notes
seccompc lint seccomp.json --fix               # what can be mended safely is; comments stay
seccompc lint seccomp.json --format sarif      # for code scanning
seccompc lint seccomp.json --kernel 5.4 --arch x86_64
seccompc lint --explain FALLBACK_ERRNO         # a section of this page, at the terminal
\`\`\`

Without \`--arch\` every architecture that the profile names is judged, each with the others of its machine. Exit status: 0
nothing above a note, 1 errors or warnings (with \`--level\`: anything of that level or above), 2 usage or an unreadable file.

A finding is silenced where it stands, with a reason, by a comment above the name, condition, rule or key, or behind it:

\`\`\`jsonc
// seccompc-ignore CALL_DANGEROUS the debugger needs it
{ "names": ["ptrace"], "action": "SCMP_ACT_ALLOW" },
\`\`\`

A fix that says so is proved to change no call's outcome, for every architecture, number and argument value, with all capabilities
and none, and as runc reads the profile too; one that is not changes only what the finding is about.
`;

/** The whole page, with a line break at its end. */
export function lintPage(): string {
  const sections = Object.entries(LINTS).map(([code, { explanation, fix }]) => {
    const { severity, about } = CODES[code as Code];
    const lines = [
      `## ${code}`,
      `**${severity}**: ${about}`,
      explanation,
      ...(fix === undefined ? [] : [`\`--fix\` ${fix}.`]),
    ];
    return lines.join('\n\n');
  });
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}
