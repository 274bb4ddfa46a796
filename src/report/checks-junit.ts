/** JUnit XML: a test for each check. What is without evidence, or cannot be read, is an error, never a pass. */
import { renderPlain } from '../diag/index.ts';
import { type Check, type Checks, checkName } from './checks-data.ts';
import { type Case, junitXml } from './junit-parts.ts';

const OUTCOMES: Readonly<Record<Check['standing'], Case['outcome']>> = {
  passed: 'passed',
  failed: 'failure',
  missing: 'error',
  unreadable: 'error',
  skipped: 'skipped',
};

export function checksJunit({ config, checks }: Checks): string {
  return junitXml(
    `seccompc ci: ${config.name}`,
    checks.map((check): Case => {
      const bad = check.problems.filter(({ failing }) => failing).map(({ diagnostic }) => diagnostic);
      return {
        group: `ci.${check.step}`,
        name: `${checkName(check)}: ${check.step}`,
        outcome: OUTCOMES[check.standing],
        type: bad[0]?.code ?? 'USAGE',
        message: check.said,
        detail: bad.map(renderPlain).join('\n'),
      };
    }),
  );
}
