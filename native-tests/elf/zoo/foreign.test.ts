import { checkKinds } from './check.ts';
import { FOREIGN_KINDS } from './rows-foreign.ts';

checkKinds('zoo/foreign', FOREIGN_KINDS);
