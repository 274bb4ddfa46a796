export { type AssertOptions, type Breach, type Form, type Outcome, proveAssertions } from './assertions.ts';
export { describeCall } from './describe.ts';
export { readAssertionFile, readStatements } from './file.ts';
export { type Assertion, readStatement } from './statement.ts';
