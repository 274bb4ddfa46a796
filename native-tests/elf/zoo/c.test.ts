import { suite } from '../../../test/suite.ts';
import { checkKinds } from './check.ts';
import { C_KINDS } from './rows-c.ts';

suite('zoo/c', (test) => checkKinds(test, C_KINDS));
