import { checkKinds } from './check.ts';
import { LANGUAGE_KINDS } from './rows-languages.ts';

checkKinds('zoo/languages', LANGUAGE_KINDS);
