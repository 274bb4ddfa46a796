/** Annotations of GitHub Actions: each failure at its place; what does not fit goes into the log. */
import { positionAt } from '../diag/index.ts';
import { type Checks, checkName, failing, tallyText } from './checks-data.ts';
import { type Annotation, githubLines, levelOf } from './github-parts.ts';

export function checksGithub({ notes, checks }: Checks): string {
  const annotations = [
    ...failing(checks).map(({ check, diagnostic }): Annotation => {
      const { code, message, help, source, span, file, related = [] } = diagnostic;
      const place = source && span ? positionAt(source.text, span.start) : undefined;
      return {
        // It fails the step, whatever it would be elsewhere.
        level: levelOf('error'),
        title: `${check.step} of ${checkName(check)}: ${code}`,
        lines: [message, ...related.map((r) => r.message), ...(help === undefined ? [] : [help])],
        file: source?.name ?? file,
        line: place?.line,
        column: place?.column,
      };
    }),
    ...notes.map((note): Annotation => ({ level: 'notice', title: 'seccompc ci', lines: [note] })),
  ];
  return githubLines(annotations, 'seccompc ci', tallyText(checks));
}
