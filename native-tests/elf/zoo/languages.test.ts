import { suite } from '../../../test/suite.ts';
import { checkKinds } from './check.ts';
import { LANGUAGE_KINDS } from './rows-languages.ts';

suite('zoo/languages', (test) => checkKinds(test, LANGUAGE_KINDS));
