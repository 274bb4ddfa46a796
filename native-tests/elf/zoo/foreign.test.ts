import { suite } from '../../../test/suite.ts';
import { checkKinds } from './check.ts';
import { FOREIGN_KINDS } from './rows-foreign.ts';

suite('zoo/foreign', (test) => checkKinds(test, FOREIGN_KINDS));
