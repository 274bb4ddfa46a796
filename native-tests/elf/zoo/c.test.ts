import { checkKinds } from './check.ts';
import { C_KINDS } from './rows-c.ts';

checkKinds('zoo/c', C_KINDS);
