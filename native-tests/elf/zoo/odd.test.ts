import { checkKinds } from './check.ts';
import { ODD_KINDS } from './rows-odd.ts';

checkKinds('zoo/odd', ODD_KINDS);
