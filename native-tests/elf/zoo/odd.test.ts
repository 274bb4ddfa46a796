import { suite } from '../../../test/suite.ts';
import { checkKinds } from './check.ts';
import { ODD_KINDS } from './rows-odd.ts';

suite('zoo/odd', (test) => checkKinds(test, ODD_KINDS));
